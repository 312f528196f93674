# scripts/lab --check: runs every program of the lab as mcpmon runs it (read-only root, no capabilities, no new
# privileges, the official image's user, one network, ports on loopback) and asks it questions.
#
# A program's check.sh uses the functions below. The programs stay up until the end, in the order of their
# folders' names, reachable by that name in the network: a later check may use an earlier program.

# check_lab <program>...
check_lab() {
    run=labcheck-$$ network=labcheck-$$ failures=0 checks=0
    configs=$(mktemp -d)
    trap 'clean_up; rm -rf "$configs" "$work"' EXIT
    docker network create "$network" >/dev/null
    local name
    for name in "$@"; do
        [[ -e $lab/$name/check.sh ]] || { say "$name: has no check"; continue; }
        recipe "$name"
        ref=$(docker image ls --filter "label=$label.program=$name" --format '{{.Repository}}:{{.Tag}}' | grep -F "$image:" | head -n 1) || ref=
        if [[ -z $ref ]]; then
            fail "its image is here"
            continue
        fi
        container=$run-$program
        config=$configs/$program
        mkdir -p "$config"
        # shellcheck source=/dev/null
        source "$here/check.sh" || fail "starts"
    done
    ((failures == 0)) || die "$failures of $checks checks failed"
    say "all $checks checks passed"
}

clean_up() {
    # Only this run's own, by their names.
    docker ps -aq --filter "name=^/$run-" | xargs -r docker rm -f -v >/dev/null 2>&1 || true
    docker volume ls -q --filter "name=^$run-" | xargs -r docker volume rm >/dev/null 2>&1 || true
    docker network rm "$network" >/dev/null 2>&1 || true
}

hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 --memory 1g
    --tmpfs '/tmp:rw,noexec,nosuid,size=16m')

# start <port or -> [docker's options...] [-- the program's arguments...]; call it with "|| return".
start() {
    local port=$1 options=() publish=()
    shift
    while (($#)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    (($# == 0)) || shift
    [[ $port == - ]] || publish=(-p "127.0.0.1::$port")
    docker run -d --name "$container" --network "$network" --network-alias "$program" \
        "${hardened[@]}" "${publish[@]}" "${options[@]}" "$ref" "$@" >/dev/null || return
    url=
    [[ $port == - ]] || url=http://$(docker port "$container" "$port/tcp" | head -n 1)
}

# once <program in the image> <arguments...>: in a container of its own, with the program's configuration.
once() {
    local entry=$1
    shift
    docker run --rm --name "$run-once-$program" --network none "${hardened[@]}" -v "$config:/config:ro" \
        --entrypoint "$entry" "$ref" "$@"
}

inside() { docker exec "$container" "$@"; }
get() { curl -sS --fail --max-time 10 "$url$1"; }

# verify <seconds> <what> <pattern> <command...>: the command succeeds and prints the pattern, within the time.
verify() {
    local seconds=$1 what=$2 pattern=$3 output status end=$((SECONDS + $1))
    shift 3
    while true; do
        status=0
        output=$("$@" 2>&1) || status=$?
        if ((status == 0)) && grep -qE -- "$pattern" <<<"$output"; then
            checks=$((checks + 1))
            say "ok      $program: $what"
            return
        fi
        ((SECONDS < end)) || break
        sleep 0.1
    done
    fail "$what"
    printf '        exit code %s\n' "$status" >&2
    tail -n 5 <<<"$output" | sed 's/^/        /' >&2
    docker logs --tail 5 "$container" 2>&1 | sed 's/^/        log: /' >&2 || true
}

# refuse <what> <command...>: the command must fail.
refuse() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        fail "$what"
    else
        checks=$((checks + 1))
        say "ok      $program: $what"
    fi
}

fail() {
    checks=$((checks + 1)) failures=$((failures + 1))
    printf 'lab: FAILED  %s: %s\n' "$program" "$1" >&2
}

# beside <program>...: these were started before, by their own checks.
beside() {
    local name
    for name in "$@"; do
        [[ $(docker container inspect -f '{{.State.Running}}' "$run-$name" 2>/dev/null) == true ]] || return 1
    done
}

# configured <format of docker inspect>: what the image says of itself.
configured() { docker image inspect -f "$1" "$ref"; }
true_version() { configured "{{index .Config.Labels \"$label.version\"}}"; }
runs_as() { docker top "$container" -eo pid,uid,gid | awk 'NR == 2 { print $2 ":" $3 }'; }
