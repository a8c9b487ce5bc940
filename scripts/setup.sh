#!/bin/bash
# Makes .venv in the checkout with every extra. Usage: setup.sh QT_EXTRA, which is pyqt5 or pyqt6.
set -euo pipefail
cd "$(dirname "$0")/.."
qt=${1:?which Qt extra: pyqt5 or pyqt6}

recent='import sys; sys.exit(sys.version_info < (3, 11))'
find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13 python}; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "$recent" 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "Python 3.11 or newer is needed: install it, or name it as in make setup PYTHON=/path/to/python3.11" >&2
  return 1
}

bash scripts/system.sh
if ! [[ -x .venv/bin/python ]] || ! .venv/bin/python -c "$recent" 2>/dev/null; then
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
      echo "Python has no venv module; as root: apt-get install $version" >&2
      exit 1
    fi
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$version" >/dev/null
  fi
  "$python" -m venv --clear .venv
fi
other=$([[ $qt == pyqt5 ]] && echo PyQt6 || echo PyQt5)
if [[ -n $(compgen -G ".venv/lib/python*/site-packages/$other") ]]; then
  .venv/bin/python -m pip uninstall -qq -y "$other" "$other-Qt${other: -1}" "${other}_sip"
fi
echo "Installing napari-radiogen with every extra into .venv (some minutes the first time)"
.venv/bin/python -m pip install -qq --disable-pip-version-check \
  --constraint constraints.txt --editable ".[gui,$qt,train,fetch,docs,dev]"
