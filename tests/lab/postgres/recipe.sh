image=postgres
debian_package=postgresql-18
debian_files=(
    /usr/lib/postgresql/18/bin/{initdb,pg_ctl,pg_isready,postgres,psql}
    /usr/lib/postgresql/18/lib /usr/share/postgresql/18 /usr/lib/locale/C.utf8
)
tag() { echo "$1"; }

layout() {
    local program
    base postgres:999:999:/var/lib/postgresql
    shell
    certificates_and_zones
    for program in initdb pg_ctl pg_isready postgres psql; do
        # Where it is installed, for it looks for the others beside itself.
        debian_program "/usr/lib/postgresql/18/bin/$program" "/usr/lib/postgresql/18/bin/$program"
    done
    mkdir -p "$root/usr/share/postgresql" "$root/usr/lib/locale" "$root/docker-entrypoint-initdb.d"
    cp -a "$files/usr/lib/locale/C.utf8" "$root/usr/lib/locale/"
    cp -a "$files/usr/lib/postgresql/18/lib" "$root/usr/lib/postgresql/18/"
    cp -a "$files/usr/share/postgresql/18" "$root/usr/share/postgresql/"
    put "$here/docker-entrypoint.sh" /usr/local/bin/docker-entrypoint.sh 0755
    own 999:999 /var/lib/postgresql /run/postgresql
    ln -s ../run "$root/var/run"
}
