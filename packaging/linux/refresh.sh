#!/bin/sh
# Tell the desktop of changed menus, file types and icons below a folder, where its tools are there.
prefix=$1
quietly() { command -v "$1" >/dev/null 2>&1 && "$@" >/dev/null 2>&1 || true; }
if [ -d "$prefix/share/applications" ]; then quietly update-desktop-database "$prefix/share/applications"; fi
if [ -d "$prefix/share/mime/packages" ]; then quietly update-mime-database "$prefix/share/mime"; fi
if [ -f "$prefix/share/icons/hicolor/icon-theme.cache" ]; then quietly gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor"; fi
