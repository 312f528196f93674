# The containers of a stack (`docker inspect`) → a Compose file that runs the same: images, commands, users, limits,
# volumes. Configuration comes from the very volumes that mcpmon filled; data goes to volumes of its own.
#
#   docker inspect CONTAINER... | jq --arg stack NAME -f compose.jq
def short: ltrimstr("/") | ltrimstr($stack + "-");
def config: .Type == "volume" and (.Name | endswith("-config"));

. as $containers
| {
    name: ($stack + "-compose"),
    services: ($containers | map({
        key: (.Name | short),
        value: ({
            image: .Config.Image,
            user: .Config.User,
            command: .Config.Cmd,
            environment: .Config.Env,
            read_only: .HostConfig.ReadonlyRootfs,
            cap_drop: .HostConfig.CapDrop,
            security_opt: .HostConfig.SecurityOpt,
            mem_limit: .HostConfig.Memory,
            pids_limit: .HostConfig.PidsLimit,
            restart: .HostConfig.RestartPolicy.Name,
            extra_hosts: (.HostConfig.ExtraHosts // []),
            tmpfs: ((.HostConfig.Tmpfs // {}) | to_entries | map(.key + ":" + .value)),
            # The same ports: the two stacks never run at once.
            ports: ((.HostConfig.PortBindings // {}) | to_entries
                | map((.key | rtrimstr("/tcp")) as $port | .value[] | "\(.HostIp):\(.HostPort | if . == "0" then "" else . end):\($port)")),
            volumes: (.Mounts | map(
                if .Type == "bind" then {type: "bind", source: .Source, target: .Destination, read_only: (.RW | not)}
                else {type: "volume", source: .Name, target: .Destination, read_only: (.RW | not)} end))
        } | with_entries(select(.value != null and .value != [] and .value != "")))
    }) | from_entries),
    volumes: ([$containers[].Mounts[] | select(.Type == "volume")]
        | map({key: .Name, value: (if config then {external: true, name: .Name} else {} end)}) | from_entries)
}
