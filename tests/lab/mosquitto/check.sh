cat >"$config/mosquitto.conf" <<'CONF'
listener 1883
password_file /config/passwords
sys_interval 1
CONF
# The password is `lab`; the container's user reads the file.
once /bin/sh -c 'cd /tmp && mosquitto_passwd -b -c p lab lab >/dev/null && cat p' >"$config/passwords"
start 1883 --user 1883:1883 -v "$config:/config:ro" -- /usr/sbin/mosquitto -c /config/mosquitto.conf || return
verify 20 "runs" "mosquitto version $(true_version) running" docker logs "$container"
verify 0 "listens" '' inside nc -w 1 127.0.0.1 1883 -e true
verify 0 "runs as mosquitto" '^1883:1883$' runs_as
