#!/bin/bash
# Sees to the system libraries that Qt, OpenGL and a virtual display need.
# Installs what is missing as root on a machine with apt, otherwise says in one line what to install.
set -euo pipefail

libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
missing=()

need_command() { command -v "$1" >/dev/null || missing+=("$2"); }
need_library() { [[ "$libraries" == *"$1"* ]] || missing+=("$2"); }
need_file() { compgen -G "$1" >/dev/null || missing+=("$2"); }

if [[ "$(uname -s)" != Linux ]]; then
  exit 0
fi

need_command Xvfb xvfb
need_command xvfb-run xvfb
need_command xauth xauth
need_library libGL.so.1 libgl1
need_library libEGL.so.1 libegl1
need_file '/usr/lib/*/dri/*_dri.so' libgl1-mesa-dri
need_library libglib-2.0.so.0 libglib2.0-0
need_library libfontconfig.so.1 libfontconfig1
need_library libdbus-1.so.3 libdbus-1-3
need_library libxkbcommon-x11.so.0 libxkbcommon-x11-0
for part in icccm:4 image:0 keysyms:1 randr:0 render-util:0 shape:0 xinerama:0 xkb:1 cursor:0; do
  need_library "libxcb-${part%:*}.so.${part#*:}" "libxcb-${part%:*}${part#*:}"
done
need_file '/usr/share/fonts/*/*/*.[to]tf' fonts-dejavu-core

if ((${#missing[@]} == 0)); then
  exit 0
fi
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo "Installing system libraries: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Missing system libraries; as root: apt-get install ${missing[*]}" >&2
  exit 1
fi
