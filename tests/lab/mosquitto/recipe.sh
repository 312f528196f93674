image=eclipse-mosquitto
debian_package=mosquitto
debian_files=(/usr/sbin/mosquitto /usr/bin/mosquitto_passwd)
tag() { echo "$1"; }

layout() {
    base mosquitto:1883:1883:/mosquitto
    shell
    certificates_and_zones
    debian_program /usr/sbin/mosquitto /usr/sbin/mosquitto
    debian_program /usr/bin/mosquitto_passwd /usr/bin/mosquitto_passwd
    put "$here/docker-entrypoint.sh" /docker-entrypoint.sh 0755
    put "$here/mosquitto.conf" /mosquitto/config/mosquitto.conf
    own 1883:1883 /mosquitto
    mkdir -p "$root/mosquitto/data" "$root/mosquitto/log"
}
