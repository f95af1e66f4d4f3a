#!/bin/sh
# Sends one file of exactly @SIZE@ bytes in @COUNT@ parts. Usage: sh THIS_SCRIPT FILE
# Needs curl. If it is stopped, start it again: parts that have arrived are not sent twice.
# Whoever has this file can send the upload until it ends; pass it on to nobody else.
set -eu

name=@NAME@
until=@UNTIL@
say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -eq 1 ] || { say "usage: sh $0 FILE   (the file to send as $name)"; exit 2; }
command -v curl >/dev/null 2>&1 || fail "curl is needed and not installed"
file=$1
case $file in -*) file=./$file ;; esac
[ -f "$file" ] || fail "there is no file $file"
size=$(wc -c <"$file")
[ "$size" -eq @SIZE@ ] || fail "$file has $size bytes, but exactly @SIZE@ are expected: is it the right file?"
[ "$(date +%s)" -lt @EPOCH@ ] || fail "this upload ended on $until: ask for a new one"

state=$file.@ID@.sent
if ! : >>"$state" 2>/dev/null; then
  state=${TMPDIR:-/tmp}/twinpail-@ID@.sent
  : >>"$state" || fail "cannot remember what was sent: neither beside the file nor in ${TMPDIR:-/tmp}"
fi

part=0
while IFS= read -r url <&3; do
  part=$((part + 1))
  if grep -qx "$part" "$state"; then
    continue
  fi
  try=1
  say "part $part of @COUNT@"
  until dd if="$file" bs=1048576 skip=$(((part - 1) * @MIB@)) count=@MIB@ 2>/dev/null |
    curl --fail --silent --show-error --globoff --path-as-is --request PUT --header 'Content-Type:' \
      --header 'Expect:' --data-binary @- --output /dev/null "$url" 3<&-; do
    [ "$try" -lt 6 ] || fail "part $part cannot be sent; start this script again later, it goes on there"
    [ "$(date +%s)" -lt @EPOCH@ ] || fail "this upload ended on $until: ask for a new one"
    say "part $part failed, trying again"
    sleep $((try * try))
    try=$((try + 1))
  done
  echo "$part" >>"$state"
done 3<<'URLS'
@URLS@
URLS
rm -f "$state"
say "all @COUNT@ parts are there: tell whoever sent you this script that $name is complete"
