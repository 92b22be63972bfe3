#!/bin/sh
# Take away what install.sh put there. Settings, caches and added models stay, unless --data is given:
#   uninstall.sh [PREFIX] [--data]
set -eu
data=
prefix=
for word in "$@"; do
    case $word in --data) data=yes ;; *) prefix=$word ;; esac
done
if [ -z "$prefix" ]; then
    here=$(cd "$(dirname "$0")" && pwd)
    if [ -e "$here/.installed-by-avsep" ]; then prefix=${here%/lib/avsep}; else prefix=$HOME/.local; fi
fi
home=$prefix/lib/avsep
if [ ! -e "$home/.installed-by-avsep" ]; then
    echo "There is no AVSep of install.sh in “$home”." >&2
    exit 1
fi
while read -r file; do
    rm -f "$prefix/$file"
done < "$home/.shared-files"
for program in avsep avsep-gui; do
    if [ "$(readlink "$prefix/bin/$program")" = "$home/$program" ]; then rm -f "$prefix/bin/$program"; fi
done
sh "$home/refresh.sh" "$prefix"
# Folders that are empty now, from the deepest, and what the desktop's tools made of nothing else.
cache=$prefix/share/applications/mimeinfo.cache
if [ -f "$cache" ] && [ "$(cat "$cache")" = "[MIME Cache]" ]; then rm -f "$cache"; fi
if [ -d "$prefix/share/mime/packages" ]; then
    rmdir "$prefix/share/mime/packages" 2>/dev/null && rm -rf "$prefix/share/mime"
fi
sed 's|/[^/]*$||' "$home/.shared-files" | sort -ru | while read -r folder; do
    (cd "$prefix" && rmdir -p "$folder" 2>/dev/null) || true
done
rm -rf "$home"
for folder in "$prefix/lib" "$prefix/bin" "$prefix/share" "$prefix"; do rmdir "$folder" 2>/dev/null || true; done
own="${XDG_CONFIG_HOME:-$HOME/.config}/avsep ${XDG_DATA_HOME:-$HOME/.local/share}/avsep ${XDG_CACHE_HOME:-$HOME/.cache}/avsep"
if [ -n "$data" ]; then
    rm -rf "${XDG_CONFIG_HOME:-$HOME/.config}/avsep" "${XDG_DATA_HOME:-$HOME/.local/share}/avsep" "${XDG_CACHE_HOME:-$HOME/.cache}/avsep"
    echo "AVSep is gone, and its settings, models and caches with it."
else
    echo "AVSep is gone. Settings, added models and caches are left in: $own"
fi
