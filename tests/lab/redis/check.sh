printf 'requirepass lab\n' >"$config/redis.conf"
start 6379 --user 999:999 -v "$config:/config:ro" -- /config/redis.conf || return
verify 20 "answers" PONG inside redis-cli --no-auth-warning -a lab ping
verify 0 "says its version" "redis_version:$(true_version)" inside redis-cli --no-auth-warning -a lab info server
verify 0 "takes nobody without the password" NOAUTH inside redis-cli ping
verify 0 "runs as redis" '^999:999$' runs_as
