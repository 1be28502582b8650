#!/usr/bin/env bash
# 核验证据包 / Verifies an evidence bundle of quanlian, format 1.
#
# 在解压后的文件夹中运行 / Run in the unpacked folder:
#
#     bash verify.sh                   用证据包自带的日志公钥 / with the log key that lies in the bundle
#     bash verify.sh 'NAME+ID+KEY'     用您另行取得的公钥 / with a log key that you got elsewhere
#
# 只用 / Uses only: bash, coreutils, openssl (3.0+), xxd.
# 本文件不含任何个案信息，每个证据包都相同 / This file says nothing about the case; it is the same in every bundle.
# 退出码 / Exit status: 0 = 全部通过 / all checks passed, 1 = 未通过 / failed.

if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -u
export LC_ALL=C
shopt -s globstar nullglob dotglob
cd "$(dirname "$0")" || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# 控制字符不送往终端 / Control characters from the bundle do not reach the terminal.
fail() { printf 'FAILED 未通过: %s\n' "${*//[[:cntrl:]]/?}" >&2; exit 1; }
pass() { printf 'OK 通过: %s\n' "${*//[[:cntrl:]]/?}"; }
note() { printf 'NOT CHECKED 未核验: %s\n' "${*//[[:cntrl:]]/?}"; }

zeros=0000000000000000000000000000000000000000000000000000000000000000
digest='[0-9a-f]{64}'
# 32 字节的 base64 只有一种写法 / 32 bytes have one spelling in base64: the last character carries four bits.
base64_32='[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]='
number='(0|[1-9][0-9]{0,17})'
uuid='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
instant='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z'

# 文件的全部字节 / All bytes of a file; `read` succeeds only when it meets a zero byte, which no text here has.
content() {
  [ -r "$1" ] || fail "$1 is missing"
  if IFS= read -r -d '' REPLY <"$1"; then fail "$1 holds a zero byte"; fi
}
sha256_of_text() { REPLY=$(printf %s "$1" | sha256sum); REPLY=${REPLY%% *}; }

# Ed25519 公钥加上 SPKI 头 / The raw Ed25519 key gets its SPKI header, which openssl wants.
signed() { # 公钥 / key in hex, 签名 / signature in hex, 文件 / file
  printf '302a300506032b6570032100%s' "$1" | xxd -r -p >"$scratch/key"
  printf %s "$2" | xxd -r -p >"$scratch/signature"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$scratch/key" -rawin \
    -in "$3" -sigfile "$scratch/signature" >/dev/null 2>&1
}

# ---- 1. 工具，以公开测试数据自检 / Tools, tried on published examples: GB/T 32905 A.1, RFC 8032 7.1 test 2 ----
for tool in sha256sum base64 openssl xxd mktemp; do
  command -v "$tool" >/dev/null || fail "the program $tool is not installed"
done
[[ $(printf abc | openssl dgst -sm3 -r 2>/dev/null) = 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0* ]] ||
  fail "this openssl does not know SM3"
printf r >"$scratch/text"
signed 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c \
  92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00 \
  "$scratch/text" || fail "this openssl cannot verify Ed25519; version 3.0 or later is needed"
pass "1 tools 工具"

# ---- 2. 每个文件的摘要 / The digests of every file ----
# 先确认只有普通文件 / First of all, nothing but regular files: no links, no pipes.
count=0
for f in **; do
  if [ -L "$f" ]; then fail "$f is a link"; fi
  if [ -f "$f" ]; then count=$((count + 1)); elif [ ! -d "$f" ]; then fail "$f is not a file"; fi
done
# 有的解压程序会改写非 ASCII 文件名，因此按编号找 / Some unzip programs rewrite names that are not ASCII, so look by number.
here() {
  REPLY=$1
  if [ ! -f "$1" ]; then
    case $1 in
      data/[0-9][0-9][0-9][0-9]-*) set -- "${1:0:10}"* ;;
      *.html) set -- *.html ;;
      *) fail "$1 is missing" ;;
    esac
    [ $# -eq 1 ] && [ -f "$1" ] || fail "$REPLY is missing"
    REPLY=$1
  fi
}
declare -A sha256 sm3 originals
declare -a names files wanted
read_manifest() {
  local line
  names=() files=() wanted=()
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^($digest)\ \ ([^/\\].*)$ ]] || fail "$1 has a line that is not 'digest  name'"
    wanted+=("${BASH_REMATCH[1]}"); names+=("${BASH_REMATCH[2]}")
    [[ /${BASH_REMATCH[2]}/ != */../* ]] || fail "$1 names a file outside the bundle"
    here "${BASH_REMATCH[2]}"; files+=("./$REPLY")
  done <"$1"
}
compare() { # 命令 / command...
  local start found at=0
  for ((start = 0; start < ${#files[@]}; start += 500)); do
    while read -r found _; do
      [ "$found" = "${wanted[at]}" ] || fail "${names[at]} has another digest ($1 $2)"
      at=$((at + 1))
    done < <("$@" "${files[@]:start:500}" 2>/dev/null)
  done
  [ "$at" -eq "${#files[@]}" ] || fail "not every file could be read"
}
read_manifest manifest-sm3.txt
compare openssl dgst -sm3 -r
for ((i = 0; i < ${#names[@]}; i++)); do sm3[${names[i]}]=${wanted[i]}; done
read_manifest manifest-sha256.txt
compare sha256sum --
for ((i = 0; i < ${#names[@]}; i++)); do
  [ -z "${sha256[${names[i]}]:-}" ] || fail "${names[i]} is listed twice"
  sha256[${names[i]}]=${wanted[i]}
  [ -n "${sm3[${names[i]}]:-}" ] || fail "${names[i]} is not in manifest-sm3.txt"
  if [[ ${names[i]} =~ ^data/([0-9]{4})- ]]; then
    [ -z "${originals[${BASH_REMATCH[1]}]:-}" ] || fail "item ${BASH_REMATCH[1]} has two originals"
    originals[${BASH_REMATCH[1]}]=${names[i]}
  fi
done
[ "${#sha256[@]}" -eq "${#sm3[@]}" ] || fail "the two manifests list different files"
[ "$count" -eq $((${#names[@]} + 2)) ] || fail "there are files that no manifest lists"
pass "2 digests of ${#names[@]} files 文件摘要 (SHA-256, SM3)"

# ---- 3. 日志公钥与检查点签名 / The key of the log and its signature under the checkpoint ----
content proof/log.vkey; vkey=${REPLY%$'\n'}
[[ $vkey =~ ^([^+[:space:]]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$ ]] && [ "$REPLY" = "$vkey"$'\n' ] ||
  fail "proof/log.vkey is not a key"
origin=${BASH_REMATCH[1]} key_id=${BASH_REMATCH[2]}
key=$(printf %s "${BASH_REMATCH[3]}" | base64 -d | xxd -p -c 64)
[[ $key =~ ^01$digest$ ]] || fail "proof/log.vkey is not an Ed25519 key"
computed=$({ printf '%s\n' "$origin"; printf %s "$key" | xxd -r -p; } | sha256sum)
[ "${computed:0:8}" = "$key_id" ] || fail "the id of the key does not fit the key"

content proof/checkpoint; checkpoint=$REPLY
mapfile -t parts <proof/checkpoint
[ "${#parts[@]}" -eq 5 ] || fail "the checkpoint does not have five lines"
size=${parts[1]} root64=${parts[2]} signature64=${parts[4]##* }
[[ $size =~ ^$number$ ]] && [[ $root64 =~ ^$base64_32$ ]] || fail "the checkpoint is not origin, size and root"
[[ $signature64 =~ ^[A-Za-z0-9+/]{90}[AEIMQUYcgkosw048]=$ ]] || fail "the checkpoint is not signed with Ed25519"
head="$origin"$'\n'"$size"$'\n'"$root64"$'\n'
[ "$checkpoint" = "$head"$'\n'"— $origin $signature64"$'\n' ] || fail "the checkpoint is not one of $origin"
signature=$(printf %s "$signature64" | base64 -d | xxd -p -c 128)
[ "${signature:0:8}" = "$key_id" ] || fail "the checkpoint is signed by another key"
root=$(printf %s "$root64" | base64 -d | xxd -p -c 64)
printf %s "$head" >"$scratch/text"
signed "${key:2}" "${signature:8}" "$scratch/text" || fail "the signature of the checkpoint is wrong"
pass "3 checkpoint of $size entries, signed by $origin 检查点签名"
if [ $# -ge 1 ]; then
  [ "$1" = "$vkey" ] || fail "the key in the bundle is not the key that you gave"
  pass "3 the key of the log is the one that you gave 日志公钥与您提供的一致"
else
  note "whether the key of the log is genuine; compare it with the published one 日志公钥取自证据包，请与公布的公钥对照: $vkey"
fi

# ---- 4. 日志条目 / Entries in the log: RFC 6962 leaf and node hashes, RFC 9162 section 2.1.3.2 ----
declare -A known
node() {
  REPLY=${known[$1$2]:-}
  if [ -z "$REPLY" ]; then
    REPLY=$(printf '01%s%s' "$1" "$2" | xxd -r -p | sha256sum); REPLY=${REPLY%% *}
    known[$1$2]=$REPLY
  fi
}
in_log() { # 条目文件 / entry, 证明文件 / proof. 结果 / result: index
  local -a line siblings; local i=2 hash fn sn sibling written
  mapfile -t line <"$2"
  [[ ${line[1]:-} =~ ^index\ $number$ ]] || fail "$2 has no index"
  index=${BASH_REMATCH[1]}
  [ "$index" -lt "$size" ] || fail "$2: the index lies outside the log"
  written="c2sp.org/tlog-proof@v1"$'\n'"index $index"$'\n'
  while [ -n "${line[i]:-}" ]; do
    [[ ${line[i]} =~ ^$base64_32$ ]] || fail "$2: line $((i + 1)) is not a hash"
    written+=${line[i]}$'\n' i=$((i + 1))
  done
  content "$2"
  [ "$REPLY" = "$written"$'\n'"$checkpoint" ] || fail "$2 is not a proof for this checkpoint"
  siblings=()
  [ "$i" -eq 2 ] || mapfile -t siblings < <(printf '%s\n' "${line[@]:2:i-2}" | base64 -d | xxd -p -c 32)
  [ "${#siblings[@]}" -eq $((i - 2)) ] || fail "$2 cannot be decoded"
  hash=$({ printf '\0'; cat -- "$1"; } | sha256sum); hash=${hash%% *}
  fn=$index sn=$((size - 1))
  for sibling in "${siblings[@]}"; do
    [ "$sn" -gt 0 ] || fail "$2 is too long"
    if ((fn % 2 == 1 || fn == sn)); then
      node "$sibling" "$hash"
      while ((fn % 2 == 0 && fn != 0)); do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      node "$hash" "$sibling"
    fi
    hash=$REPLY fn=$((fn / 2)) sn=$((sn / 2))
  done
  [ "$sn" -eq 0 ] && [ "$hash" = "$root" ] || fail "$1 is not entry $index of the log"
}

# 承诺值 = HMAC-SHA256(盐, 记录) / The commitment: HMAC-SHA256 of the record under the salt.
committed() { # 文件夹 / folder, 记录 / record, 种类 / kind, 编号 / id, 时间 / time
  local salt mac
  [[ $4 =~ ^$uuid$ ]] && [[ $5 =~ ^$instant$ ]] || fail "$1/$2 has no valid id and time"
  content "$1/salt.hex"; salt=${REPLY%$'\n'}
  [[ $salt =~ ^$digest$ ]] && [ "$REPLY" = "$salt"$'\n' ] || fail "$1/salt.hex is not a salt"
  mac=$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$salt" "$1/$2"); mac=${mac##* }
  [[ $mac =~ ^$digest$ ]] || fail "cannot compute the commitment of $1/$2"
  content "$1/entry.json"
  [ "$REPLY" = "{\"commitment\":\"$mac\",\"id\":\"$4\",\"kind\":\"$3\",\"recorded_at\":\"$5\",\"v\":1}" ] ||
    fail "$1/entry.json does not commit to $1/$2"
}

# JSON 字符串内的引号都有反斜杠，因此 "名":" 只会是字段名 / Quotes inside JSON strings are escaped, so "name":" is always a field.
first() { REPLY=${2#*\"$1\":\"}; [ "$REPLY" != "$2" ] || fail "no field $1"; REPLY=${REPLY%%\"*}; }
last() { REPLY=${2##*\"$1\":\"}; [ "$REPLY" != "$2" ] || fail "no field $1"; REPLY=${REPLY%%\"*}; }

# ---- 5. 逐件核验 / Item by item ----
items=0 by_digest_only=0
for folder in proof/[0-9][0-9][0-9][0-9]; do
  items=$((items + 1)) item=${folder#proof/}
  content "$folder/deposit.json"; deposit=$REPLY
  [[ $deposit = '{"content":{"name":"'* ]] || fail "$folder/deposit.json is not a deposit record"
  first id "$deposit"; id=$REPLY
  first deposited_at "$deposit"; time=$REPLY
  original=${originals[$item]:-}
  if [ -n "$original" ]; then
    first sha256 "$deposit"
    [ "${sha256[$original]}" = "$REPLY" ] || fail "the original of item $item is not what was deposited (SHA-256)"
    first sm3 "$deposit"
    [ "${sm3[$original]}" = "$REPLY" ] || fail "the original of item $item is not what was deposited (SM3)"
  else
    by_digest_only=$((by_digest_only + 1))
  fi
  committed "$folder" deposit.json deposit "$id" "$time"
  in_log "$folder/entry.json" "$folder/inclusion.tlog-proof"

  # 保管链 / The chain of custody
  before=$zeros lines=0 deposited=no
  while IFS= read -r line || [ -n "$line" ]; do
    lines=$((lines + 1))
    last prev "$line"; [ "$REPLY" = "$before" ] || fail "item $item: custody line $lines does not follow the one before"
    last item "$line"; [ "$REPLY" = "$id" ] || fail "item $item: custody line $lines is about another item"
    case $line in '{"act":"deposited",'*"\"detail\":{\"index\":\"$index\""*) deposited=yes ;; esac
    sha256_of_text "$line"; before=$REPLY
    if [ "$lines" -eq 1 ]; then
      first custody_sha256 "$deposit"; [ "$REPLY" = "$before" ] || fail "item $item: the custody chain begins elsewhere"
    fi
  done <"$folder/custody.jsonl"
  [ "$deposited" = yes ] || fail "item $item: no custody line says that it became entry $index"
  pass "5 item $item = entry $index, $lines custody lines 证据项、日志条目、保管链"
done
[ "$items" -gt 0 ] || fail "there is no item"
pass "5 $items items, $by_digest_only of them by digest only 证据项总数（其中仅含摘要）"

# ---- 6. 封包 / The seal of the bundle ----
content proof/bundle/statement.json; statement=$REPLY
content proof/bundle/sealed-sha256.txt; sealed=$REPLY
first sealed_sha256 "$statement"; listed=$REPLY
sha256_of_text "$sealed"; [ "$REPLY" = "$listed" ] || fail "the list of sealed files is not the one that was sealed"
declare -A in_seal
while IFS= read -r line; do
  [[ $line =~ ^($digest)\ \ (.+)$ ]] || fail "the list of sealed files has a line that is not 'digest  name'"
  name=${BASH_REMATCH[2]}
  [ "${sha256[$name]:-}" = "${BASH_REMATCH[1]}" ] || fail "$name is not what was sealed"
  in_seal[$name]=yes
done <proof/bundle/sealed-sha256.txt
# 日志公钥自行证明的文件除外 / All but those that the key of the log proves by itself:
for name in "${names[@]}"; do
  case $name in
    proof/checkpoint | proof/log.vkey | proof/[0-9][0-9][0-9][0-9]/inclusion.tlog-proof) ;;
    proof/bundle/statement.json | proof/bundle/sealed-sha256.txt | proof/bundle/salt.hex) ;;
    proof/bundle/entry.json | proof/bundle/inclusion.tlog-proof) ;;
    *) [ -n "${in_seal[$name]:-}" ] || fail "$name was not sealed" ;;
  esac
done
[[ $statement = *"\"items\":$items,"* ]] || fail "the bundle was closed with another number of items"
first id "$statement"; id=$REPLY
first made_at "$statement"; time=$REPLY
committed proof/bundle statement.json bundle "$id" "$time"
in_log proof/bundle/entry.json proof/bundle/inclusion.tlog-proof
pass "6 the bundle as a whole = entry $index 整包封存"

# ---- 7. 结论的界限 / What this does not say ----
note "witnesses: nobody but the log itself has signed its checkpoint 见证：检查点仅有日志自身签名，无第三方见证"
note "trusted time: the times are those of the log's own clock 可信时间：所载时间为日志自身时钟"
note "whether the content was true before it was deposited 存证之前内容是否真实，不在核验范围内"
pass "all checks 全部核验通过"
