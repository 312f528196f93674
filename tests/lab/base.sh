# What every image of the lab is made of; sourced by scripts/lab, beside a program's recipe.sh.
# A change here counts as a change of every recipe: all images are made again, from cached programs.
#
# A recipe's layout() runs with:
#   $root   the empty directory that becomes the image's file system; what is put there belongs to root,
#           unless own() says otherwise
#   $files  what the build left: programs by their name (Go), or a tree of Debian's files (Debian)
#   $here   the recipe's own folder

# base [name:uid:gid:home ...]: accounts, name resolution, /tmp.
base() {
    local account name uid gid home
    mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,usr/lib,var}
    chmod 0700 "$root/root"
    chmod 1777 "$root/tmp"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/home:/bin/false' >"$root/etc/passwd"
    printf '%s\n' 'root:x:0:' 'nobody:x:65534:' >"$root/etc/group"
    for account in "$@"; do
        IFS=: read -r name uid gid home <<<"$account"
        echo "$name:x:$uid:$gid:$name:$home:/sbin/nologin" >>"$root/etc/passwd"
        [[ $gid == 0 ]] || echo "$name:x:$gid:" >>"$root/etc/group"
    done
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' 'services: files' >"$root/etc/nsswitch.conf"
}

# Certificate authorities and time zones, from this machine's packages.
certificates_and_zones() {
    mkdir -p "$root/etc/ssl/certs" "$root/usr/share/zoneinfo"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    # Without the second copy that counts leap seconds: no official image has a use for it.
    tar -C /usr/share/zoneinfo --exclude=./right --exclude=./posix -cf - . | tar -C "$root/usr/share/zoneinfo" -xf -
}

# A static busybox with all its applets, for the images that officially have a shell.
shell() {
    local applet
    install -m 0755 "$(command -v busybox)" "$root/bin/busybox"
    while read -r applet; do
        [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
    done < <(busybox --list)
}

# put <file> <absolute path in the image> [mode]
put() { install -D -m "${3:-0644}" "$1" "$root$2"; }

# own <uid:gid> <absolute path in the image>...: the paths and all below belong to that user.
# Recorded only: the archive is written with these owners, so that no step needs root.
own() {
    local owner=$1 path
    shift
    for path in "$@"; do
        mkdir -p "$root$path"
        echo "$owner .$path" >>"$owners"
    done
}

# debian_program <path in Debian's tree> <path in the image>: the program with the libraries that it loads.
debian_program() {
    local tree=$files loader library
    put "$tree$1" "$2" 0755
    loader=$(debian_loader "$tree") || return 1
    put "$loader" "${loader#"$tree"}" 0755
    while read -r library; do
        put "$library" "${library#"$tree"}"
    done < <(debian_libraries "$tree" "$tree$1")
}

# The dynamic loader of a Debian tree, whatever the machine's architecture.
debian_loader() {
    local loader
    for loader in "$1"/lib64/ld-linux-*.so.* "$1"/lib/ld-linux-*.so.*; do
        [[ -e $loader ]] && echo "$loader" && return
    done
    echo "no dynamic loader in $1" >&2
    return 1
}

# The shared libraries of a program, asked of the tree's own loader: needs no chroot, hence no root.
debian_libraries() {
    local tree=$1 program=$2 directories
    directories=$(printf '%s:' "$tree"/usr/lib/*-linux-gnu)
    "$(debian_loader "$tree")" --library-path "$directories" --list "$program" |
        awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep -F "$tree/usr/lib/" || true
}
