# Debian's package: the Go module lacks the files of the web UI, without which it does not compile.
image=prom/alertmanager
debian_package=prometheus-alertmanager
debian_files=(/usr/bin/prometheus-alertmanager /usr/bin/amtool /usr/share/prometheus/alertmanager)
tag() { echo "v$1"; }

layout() {
    base
    shell
    certificates_and_zones
    debian_program /usr/bin/prometheus-alertmanager /bin/alertmanager
    debian_program /usr/bin/amtool /bin/amtool
    # Debian's program reads its standard templates from here; upstream's carries them within.
    mkdir -p "$root/usr/share/prometheus"
    cp -a "$files/usr/share/prometheus/alertmanager" "$root/usr/share/prometheus/"
    put "$here/alertmanager.yml" /etc/alertmanager/alertmanager.yml
    own 65534:65534 /etc/alertmanager /alertmanager
}
