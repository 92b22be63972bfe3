#!/bin/sh
# Prove the package and the archive in a Debian with nothing in it (no Python, no Qt, no compiler), as root:
#   packaging/linux/bare_root.sh PACKAGE.deb ARCHIVE.tar.gz ROOT
# Makes ROOT by debootstrap where it is not there; installs, cuts the network, tests as an ordinary user, opens a video
# as a file manager does, removes, and compares the files with those before. Needs debootstrap, Xvfb and xwininfo here:
# the screen is outside of ROOT, so that nothing gets in there but what the package asks for.
set -eu
if [ "${AVSEP_APART:-}" != yes ]; then exec env AVSEP_APART=yes unshare --mount --propagation private "$0" "$@"; fi
package=$(realpath "$1")
archive=$(realpath "$2")
root=$(realpath -m "$3")
here=$(cd "$(dirname "$0")" && pwd)
suite=${SUITE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
screen=:${AVSEP_SCREEN:-97}
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror"
for what in python3 gcc; do
    if chroot "$root" sh -c "command -v $what" >/dev/null; then echo "There is a $what in “$root”." >&2; exit 1; fi
done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mkdir -p "$root/tmp/.X11-unix" /tmp/.X11-unix
mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
cp /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" id user >/dev/null 2>&1 || chroot "$root" useradd --create-home user
Xvfb "$screen" -screen 0 1600x1000x24 -nolisten tcp >/dev/null 2>&1 &
display=$!
trap 'kill $display' EXIT

inside="unshare --net chroot --userspec=user:user $root env -i HOME=/home/user USER=user DISPLAY=$screen LANG=C.UTF-8 XDG_RUNTIME_DIR=/tmp"
listed() { # all files but what package managers, users and the kernel keep
    find "$root" -xdev \( -path "$root/var/lib/apt" -o -path "$root/var/lib/dpkg" -o -path "$root/var/log" -o -path "$root/var/cache" \
        -o -path "$root/proc" -o -path "$root/dev" -o -path "$root/tmp" -o -path "$root/home" \) -prune -o -print | sort > "$1"
}
own() { # of the user; fontconfig keeps a cache for whatever program draws letters
    find "$root/home/user" -path "$root/home/user/.cache" -prune -o -print | sort
    find "$root/home/user/.cache" -mindepth 1 -maxdepth 1 ! -name fontconfig 2>/dev/null || true
}
same() {
    if ! diff "$work/before" "$work/after" > "$work/left"; then
        echo "$1: these files differ from before:" >&2
        cat "$work/left" >&2
        exit 1
    fi
    echo "$1: nothing is left behind ($(wc -l < "$work/before") files compared)"
}
opened() { # the menu's entry opens a video: a window with its name in the title
    entry=$1
    command=$(sed -n 's/^Exec=//p' "$root$entry")
    cp "$root$2" "$root/tmp/a film, opened.mp4"
    chmod 644 "$root/tmp/a film, opened.mp4"
    shift 2
    eval "set -- $(echo "$command" | sed 's|%f|"/tmp/a film, opened.mp4"|')"
    unshare --pid --fork --kill-child --mount-proc="$root/proc" $inside PATH=/usr/bin:/bin "$@" >/dev/null 2>&1 &
    window=$!
    turn=0
    until LC_ALL=C.UTF-8 DISPLAY=$screen xwininfo -root -tree | grep -q 'a film, opened'; do
        turn=$((turn + 1))
        if [ $turn -gt 120 ]; then echo "The entry $entry opened no window." >&2; exit 1; fi
        sleep 0.25
    done
    kill -KILL $window
    rm "$root/tmp/a film, opened.mp4"
    echo "the entry $entry opens a video: $(echo "$command")"
}
work=$(mktemp -d)

chroot "$root" apt-get -qq update
listed "$work/before"
cp "$package" "$root/tmp/avsep.deb"
chroot "$root" apt-get -qq install -y --no-install-recommends /tmp/avsep.deb >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
rm "$root/tmp/avsep.deb"
echo "package: installed with $(grep -c '^Setting up' "$work/apt.log") packages"
python3 "$here/../smoke_test.py" --inside "$inside PATH=/usr/bin:/bin" --root "$root" \
    --sample /usr/lib/avsep/_internal/resources/sample/two_talkers.mp4
opened /usr/share/applications/io.github.avsep.AVSep.desktop /usr/lib/avsep/_internal/resources/sample/two_talkers.mp4
packages=$(chroot "$root" dpkg-query -W -f '${Depends}' avsep | sed 's/ *|[^,]*//g; s/ *([^)]*)//g; s/,//g')
chroot "$root" apt-get -qq purge -y avsep >/dev/null
chroot "$root" apt-get -qq autoremove -y --purge >/dev/null 2>&1
listed "$work/after"
same package

# The archive: the libraries of the system as the instructions name them, the rest by the user alone.
rm -rf "$root/home/user/.cache" "$root/home/user/.config" "$root/home/user/.local"
chroot "$root" apt-get -qq install -y --no-install-recommends $packages >/dev/null 2>&1
listed "$work/before"
own > "$work/own_before"
mkdir "$root/tmp/unpacked"
chown "$(chroot "$root" id -u user)" "$root/tmp/unpacked"
cp "$archive" "$root/tmp/avsep.tar.gz"
$inside PATH=/usr/bin:/bin sh -c 'cd /tmp/unpacked && tar xzf ../avsep.tar.gz --strip-components=1 && ./install.sh'
rm -rf "$root/tmp/avsep.tar.gz" "$root/tmp/unpacked"
python3 "$here/../smoke_test.py" --inside "$inside PATH=/home/user/.local/bin:/usr/bin:/bin" --root "$root" \
    --sample /home/user/.local/lib/avsep/_internal/resources/sample/two_talkers.mp4
opened /home/user/.local/share/applications/io.github.avsep.AVSep.desktop \
    /home/user/.local/lib/avsep/_internal/resources/sample/two_talkers.mp4
$inside PATH=/usr/bin:/bin sh /home/user/.local/lib/avsep/uninstall.sh --data
listed "$work/after"
own > "$work/own_after"
same archive
diff "$work/own_before" "$work/own_after" || { echo "archive: this is left in the user's folder" >&2; exit 1; }
echo "archive: nothing is left in the user's folder"
rm -rf "$work" "$root/tmp/avsep-smoke"
echo "proved"
