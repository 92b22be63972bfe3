#!/bin/sh
# The disk image for macOS, from the application that packaging/build.py made:
#   packaging/macos/dmg.sh VERSION
# Signed with AVSEP_CODESIGN_IDENTITY ("Developer ID Application: ..."), notarised with AVSEP_NOTARY_PROFILE (made once by
# `xcrun notarytool store-credentials`); without them it is made unsigned, and macOS asks before the first start.
# Written by the manual; not tried on macOS yet.
set -eu
version=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
app=$root/dist/AVSep.app
image=$root/dist/avsep-$version-macos-$(uname -m).dmg
here=$root/packaging/macos

if [ -n "${AVSEP_CODESIGN_IDENTITY:-}" ]; then
    sign() {
        codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
            --sign "$AVSEP_CODESIGN_IDENTITY" "$1"
    }
    # From the inside out: libraries, programs, the application.
    find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' \) | while read -r library; do sign "$library"; done
    sign "$app/Contents/MacOS/avsep"
    sign "$app/Contents/MacOS/avsep-gui"
    sign "$app"
    codesign --verify --deep --strict "$app"
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
rm -f "$image"
hdiutil create -volname "AVSep $version" -srcfolder "$stage" -format ULFO "$image"

if [ -n "${AVSEP_NOTARY_PROFILE:-}" ]; then
    codesign --sign "$AVSEP_CODESIGN_IDENTITY" --timestamp "$image"
    xcrun notarytool submit "$image" --keychain-profile "$AVSEP_NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
    spctl --assess --type open --context context:primary-signature "$image"
fi
echo "$image"
