#!/bin/sh
# Install AVSep into a user's own folder, without rights of an administrator:
#   ./install.sh [PREFIX]        PREFIX is ~/.local unless told
# ./uninstall.sh, or ~/.local/lib/avsep/uninstall.sh, takes it away again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$HOME/.local}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
id=io.github.avsep.AVSep
home=$prefix/lib/avsep
mark=$home/.installed-by-avsep

if [ -e "$home" ] && [ ! -e "$mark" ]; then
    echo "“$home” is there and was not made by this script: nothing is changed." >&2
    exit 1
fi
qt=$here/avsep/_internal/PySide6/Qt
missing=$(LD_LIBRARY_PATH=$here/avsep/_internal:$qt/lib ldd "$qt/plugins/platforms/libqxcb.so" \
    "$qt/lib/libQt6Multimedia.so.6" 2>/dev/null | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p' | sort -u)
if [ -n "$missing" ]; then
    echo "These libraries of the system are missing; the window will not open without them:" $missing >&2
    echo "On Debian and Ubuntu: sudo apt install $(cat "$here/packages.txt")" >&2
fi

if [ -e "$mark" ]; then "$home/uninstall.sh" >/dev/null; fi # an older version
mkdir -p "$prefix/lib" "$prefix/bin"
cp -a "$here/avsep" "$home"
: > "$mark"
cp "$here/uninstall.sh" "$home/uninstall.sh"
for program in avsep avsep-gui; do ln -sf "$home/$program" "$prefix/bin/$program"; done
(cd "$here" && find share -type f) | while read -r file; do
    mkdir -p "$prefix/$(dirname "$file")"
    cp "$here/$file" "$prefix/$file"
    echo "$file" >> "$home/.shared-files"
done
# By its full path: not every desktop has ~/.local/bin on its own PATH.
quoted=$(printf '%s' "$home/avsep-gui" | sed 's/[\\"`$]/\\\\&/g; s/%/%%/g; s/[&|\\]/\\&/g')
sed "s|^Exec=avsep-gui|Exec=\"$quoted\"|" "$here/share/applications/$id.desktop" > "$prefix/share/applications/$id.desktop"

"$home/refresh.sh" "$prefix"
echo "AVSep is installed in “$home”. Start it from the menu, or by $prefix/bin/avsep-gui."
case :$PATH: in *:"$prefix/bin":*) ;; *) echo "“$prefix/bin” is not on your PATH: log in again, or give the programs by their full path." ;; esac
