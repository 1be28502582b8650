#!/bin/sh
# 核验证据包 / Verifies an evidence bundle of quanlian, format 2, in ten commands.
#
#     unzip -p BUNDLE.qne.zip verify.sh >verify.sh   取出本文件，先阅读 / take this file out and read it first
#     sh verify.sh BUNDLE.qne.zip                    用证据包自带的日志公钥 / with the log key that lies in the bundle
#     sh verify.sh BUNDLE.qne.zip 'NAME+ID+KEY'      用您另行取得的公钥 / with a log key that you got elsewhere
#
# 只用 / Uses only: sh, coreutils, unzip, xxd, openssl (3.0+). 不联网 / No network.
# 本文件不含任何个案信息，每个证据包都相同 / This file says nothing about the case; it is the same in every bundle.
# 退出码 / Exit status: 0 = 未发现不符 / nothing was found wrong, 1 = 不符 / something is wrong.

# ---- 0. 准备 / Preparation: words for the commands below
set -u
export LC_ALL=C.UTF-8
# 证据包内的文字先去掉控制字符 / Text from the bundle loses its control characters before it is shown.
say() { printf '%s\n' "$*" | tr -d '\000-\011\013-\037\177'; }
ok() { say "OK 通过: $*"; }
note() { say "NOT CHECKED 未核验: $*"; }
fail() { say "FAILED 不符: $*" >&2; exit 1; }
hex() { xxd -p | tr -d '\n'; }
unhex() { printf %s "$1" | xxd -r -p; }
# 标准输入与文件逐字节相同 / Standard input is this file, byte for byte.
same() { [ "$(sha256sum)" = "$(sha256sum <"$1")" ]; }
# base64 只有一种写法 / Base64 in its one spelling, as hex.
base64_hex() { REPLY=$(printf %s "$1" | base64 -d 2>/dev/null | hex) && [ "$(unhex "$REPLY" | base64 -w 0)" = "$1" ]; }
# JSON 字符串内的引号都有反斜杠 / Quotes inside JSON strings are escaped, so "name":" is always the name of a field.
first() { REPLY=${2#*\"$1\":\"}; [ "$REPLY" != "$2" ] || fail "no field $1"; REPLY=${REPLY%%\"*}; }
last() { REPLY=${2##*\"$1\":\"}; [ "$REPLY" != "$2" ] || fail "no field $1"; REPLY=${REPLY%%\"*}; }
# 转义的反斜杠和引号各换成一个控制字符，以便按引号切分 / Escaped backslashes and quotes become one control character each,
# so that a quote ends a text; JSON holds no bare control characters. unmask 给出文字本身 / gives the text itself.
one=$(printf '\001') two=$(printf '\002')
mask() {
  REPLY='' left=$1
  while [ "$left" != "${left#*\\}" ]; do
    REPLY=$REPLY${left%%\\*} left=${left#*\\}
    case $left in \\*) REPLY=$REPLY$one ;; \"*) REPLY=$REPLY$two ;; *) REPLY=$REPLY\\${left%"${left#?}"} ;; esac
    left=${left#?}
  done
  REPLY=$REPLY$left
}
unmask() { printf '%s\n' "$1" | tr '\001\002' '\\"'; }
# Ed25519 公钥加上 SPKI 头 / A raw Ed25519 key gets the SPKI header that openssl wants: key, signature (both hex), text file.
signed() {
  unhex "302a300506032b6570032100$1" >../key && unhex "$2" >../signature &&
    openssl pkeyutl -verify -pubin -keyform DER -inkey ../key -rawin -in "$3" -sigfile ../signature >/dev/null 2>&1
}
# 公钥 名称+编号+密钥 / A key text, name+id+key, of this type (01 log, 04 witness): name, id, key.
vkey() {
  name=${1%%+*} key=${1#*+*+} id=${1#*+} && id=${id%%+*}
  base64_hex "$key" && key=$REPLY && [ "${#key}" -eq 66 ] && [ "${key%"${key#??}"}" = "$2" ] &&
    [ "$({ printf '%s\n' "$name" && unhex "$key"; } | sha256sum | cut -c 1-8)" = "$id" ] && key=${key#??}
}
tools=$(for tool in sha256sum base64 mktemp xxd unzip openssl; do command -v $tool >/dev/null || printf ' %s' $tool; done)
[ -z "$tools" ] || fail "these programs are not installed 缺少程序:$tools"
[ "$(printf abc | openssl dgst -sm3 -r | cut -c 1-8)" = 66c7f0f4 ] || fail "this openssl does not know SM3 不支持 SM3"
[ $# -ge 1 ] && [ -f "$1" ] || fail "give the bundle 请指定证据包: sh verify.sh BUNDLE.qne.zip"
given=${2-} zip=$(realpath "$1") scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/x" && cd "$scratch/x" || exit 1

# ---- 1. 解压：只有未压缩的普通文件 / Unpack: nothing but regular files, none of them compressed
[ "$(unzip -Zs "$zip" '*' 2>/dev/null | cut -c 1-10 | sort -u)" = -rw-r--r-- ] &&
  [ "$(unzip -Zt "$zip" | cut -d ' ' -f 3)" = "$(unzip -Zt "$zip" | cut -d ' ' -f 6)" ] &&
  unzip -q -n "$zip" </dev/null >/dev/null 2>&1 || fail "1 it cannot be unpacked, or holds something else than plain files 无法解压，或含有非普通文件"
ok "1 unpacked 已解压"

# ---- 2. 每个文件的 SHA-256 与 SM3 / SHA-256 and SM3 of every file, and no file that no manifest lists
[ "$(unzip -Z1 "$zip" | sort)" = "$({ cut -c 67- tagmanifest-sha256.txt manifest-sha256.txt && printf 'tagmanifest-%s.txt\n' sha256 sm3; } 2>/dev/null | sort)" ] &&
  for m in tagmanifest manifest; do
    cut -c 67- $m-sha256.txt | while IFS= read -r f; do sha256sum -- "$f"; done | same $m-sha256.txt &&
      cut -c 67- $m-sha256.txt | while IFS= read -r f; do printf '%s  %s\n' "$(openssl dgst -sm3 -r <"$f" | cut -c 1-64)" "$f"; done | same $m-sm3.txt || fail "2 the files are not those that $m lists 文件与清单不符"
  done || fail "2 the manifests list other files than the bundle holds 清单所列与包内文件不符"
ok "2 $(cat tagmanifest-sha256.txt manifest-sha256.txt | wc -l) files have the listed digests 文件摘要与清单一致"

# ---- 3. 检查点由日志签名 / The checkpoint is signed by the log
vkey "$(cat proof/log.vkey)" 01 && printf '%s+%s+%s\n' "$name" "$id" "$(unhex "01$key" | base64 -w 0)" | same proof/log.vkey &&
  size=$(head -n 2 proof/checkpoint | tail -n 1) root64=$(head -n 3 proof/checkpoint | tail -n 1) &&
  signature=$(head -n 5 proof/checkpoint | tail -n 1) && signature=${signature##* } &&
  printf '%s\n%s\n%s\n' "$name" "$size" "$root64" >../text &&
  { cat ../text && printf '\n— %s %s\n' "$name" "$signature"; } >../head && head -n 5 proof/checkpoint | same ../head &&
  [ "$size" -lt 1000000000000000000 ] && [ "$size" -gt 0 ] && [ "$size" = $((size)) ] &&
  base64_hex "$root64" && root=$REPLY && [ "${#root}" -eq 64 ] &&
  base64_hex "$signature" && [ "${#REPLY}" -eq 136 ] && [ "${REPLY%"${REPLY#????????}"}" = "$id" ] &&
  signed "$key" "${REPLY#????????}" ../text || fail "3 the checkpoint is not signed by the key of the log 检查点签名不符"
ok "3 checkpoint of $size entries, signed by $name 检查点已由日志签名"
case $given in
  '') note "3 whether the key of the log is genuine; compare it with the published one 日志公钥取自证据包，请与公布的公钥对照: $(cat proof/log.vkey)" ;;
  "$(cat proof/log.vkey)") ok "3 the key of the log is the one that you gave 日志公钥与您提供的一致" ;;
  *) fail "3 the key in the bundle is not the key that you gave 日志公钥与您提供的不符" ;;
esac

# ---- 4. 原件即存证的文件 / Each original is what was deposited
items=0 originals=0
for d in proof/[0-9]*; do
  items=$((items + 1))
  if [ -f "$d/erased/tombstone.json" ]; then
    { read -r tombstone || [ -n "$tombstone" ]; } <"$d/erased/tombstone.json"
    mask "$tombstone"
    first by "$REPLY"; note "4 $d ERASED by order of $(unmask "$REPLY"): the content is gone, entry and tombstone stand 已依决定删除，条目和删除记录仍在"
    [ ! -e "$d/deposit.json" ] && [ "$(printf %s data/"${d#proof/}"-*)" = "data/${d#proof/}-*" ] || fail "4 $d was erased and is there all the same 已删除却仍有内容"
    continue
  fi
  deposit=$(cat "$d/deposit.json")
  for f in data/"${d#proof/}"-*; do
    [ -f "$f" ] || continue
    originals=$((originals + 1))
    first sha256 "$deposit" && [ "$(sha256sum <"$f" | cut -c 1-64)" = "$REPLY" ] &&
      first sm3 "$deposit" && [ "$(openssl dgst -sm3 -r <"$f" | cut -c 1-64)" = "$REPLY" ] || fail "4 $f is not what was deposited 与存证记录不符"
  done
done
ok "4 $originals of $items originals are what was deposited, the others are not in the bundle 原件与存证记录一致（其余原件不在包内）"

# ---- 5. 日志条目承诺于记录 / Each log entry commits to its record: HMAC-SHA256 under the salt
for d in proof/[0-9]* proof/[0-9]*/erased proof/bundle; do
  [ ! -d "$d/erased" ] && [ -d "$d" ] || continue
  id=id
  case $d in
    proof/bundle) file=statement.json kind=bundle at=made_at ;;
    */erased) file=tombstone.json kind=erasure at=at id=deposit ;;
    *) file=deposit.json kind=deposit at=deposited_at ;;
  esac
  record=$(cat "$d/$file") salt=$(cat "$d/salt.hex")
  first $id "$record"; record_id=$REPLY
  first $at "$record"; time=$REPLY
  [ "${#salt}" -eq 64 ] && xxd -r -p <"$d/salt.hex" | xxd -p -c 64 | same "$d/salt.hex" &&
    mac=$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$salt" <"$d/$file") &&
    printf '{"commitment":"%s","id":"%s","kind":"%s","recorded_at":"%s","v":1}' "${mac##* }" "$record_id" $kind "$time" | same "$d/entry.json" ||
    fail "5 $d/entry.json does not commit to $file 日志条目与记录不符"
  # 已删除的存证：条目仍是该存证的 / Of an erased deposit: its entry is still the one that the tombstone names.
  [ $kind != erasure ] || case "$(cat "${d%/erased}/entry.json") $record" in
    '{"commitment":"'*"\",\"id\":\"$record_id\",\"kind\":\"deposit\",\"recorded_at\":\""*'","v":1} {"at":'*",\"deposit_index\":$(head -n 2 "${d%/erased}/inclusion.tlog-proof" | tail -n 1 | cut -c 7-),"*'"v":1}') ;;
    *) fail "5 $d: the entry is not that of the erased deposit 条目不属于被删除的存证" ;;
  esac
done
ok "5 $items items and the seal are committed to 存证记录与封包均已承诺"

# ---- 6. 条目在日志中 / Each entry is in the log: RFC 9162 section 2.1.3.2
entries=0
for d in proof/[0-9]* proof/[0-9]*/act-* proof/[0-9]*/erased proof/bundle; do
  [ -d "$d" ] || continue
  entries=$((entries + 1))
  index=$(head -n 2 "$d/inclusion.tlog-proof" | tail -n 1) && index=${index#index }
  path=$(tail -n +3 "$d/inclusion.tlog-proof" | while IFS= read -r line && [ -n "$line" ]; do printf '%s\n' "$line"; done)
  { printf 'c2sp.org/tlog-proof@v1\nindex %s\n' "$index" && for h in $path; do printf '%s\n' "$h"; done && echo && cat proof/checkpoint; } | same "$d/inclusion.tlog-proof" &&
    [ "$index" -ge 0 ] && [ "$index" -lt "$size" ] && [ "$index" = $((index)) ] || fail "6 $d is not a proof for this checkpoint 并非此检查点的证明"
  hash=$({ printf '\0' && cat "$d/entry.json"; } | sha256sum | cut -c 1-64) fn=$index sn=$((size - 1))
  for h in $path; do
    base64_hex "$h" && [ "${#REPLY}" -eq 64 ] && [ $sn -gt 0 ] || fail "6 $d: a line is not a hash, or the proof is too long 证明有误"
    if [ $((fn % 2)) -eq 1 ] || [ $fn -eq $sn ]; then
      hash=$(unhex "01$REPLY$hash" | sha256sum | cut -c 1-64)
      while [ $((fn % 2)) -eq 0 ] && [ $fn -ne 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      hash=$(unhex "01$hash$REPLY" | sha256sum | cut -c 1-64)
    fi
    fn=$((fn / 2)) sn=$((sn / 2))
  done
  [ $sn -eq 0 ] && [ "$hash" = "$root" ] || fail "6 $d/entry.json is not entry $index of the log 条目不在日志中"
done
ok "6 $entries entries are in the log 条目均在日志中"

# ---- 7. 保管链及各方签名 / The chain of custody of each item, and who signed each act
index_of() { REPLY=$(head -n 2 "$1/inclusion.tlog-proof" | tail -n 1) && REPLY=${REPLY#index }; }
cut_of() { printf %s "$1" | cut -c "$2"; }
# 第 n 行条目的编号：项目和行号的 HMAC / The id of the entry of a line: salt, item, number; an HMAC as UUID of version 8
line_id() {
  REPLY=$(printf 'quanlian custody line\n%s\n%s\n' "$2" "$3" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1") && h=${REPLY##* }
  case $(cut_of "$h" 17) in [048c]) n=8 ;; [159d]) n=9 ;; [26ae]) n=a ;; *) n=b ;; esac
  REPLY=$(cut_of "$h" 1-8)-$(cut_of "$h" 9-12)-8$(cut_of "$h" 14-16)-$n$(cut_of "$h" 18-20)-$(cut_of "$h" 21-32)
}
# 该行为能否接在之前的行为之后 / Whether this act can follow those before: act, who did it, who received it (names still masked)
follows() {
  good=yes
  case $1.$place in
    bundled.held | bundled.returned | deposited.held | collected.elsewhere | collected.returned) ;;
    *.elsewhere | *.returned) good=no ;;
    collected.held) good=$([ $handled = no ] && echo yes) ;;
    sealed.held | copied.held | analysed.held) good=$([ $closed = no ] && echo yes) ;;
    opened.held) good=$([ $closed = yes ] && echo yes) ;;
    *) good=$([ "$holder" = "$2" ] && echo yes) ;;
  esac
  case $1 in
    collected) place=held closed=no handled=no holder=$2 ;;
    sealed) closed=yes handled=yes ;;
    opened) closed=no handled=yes ;;
    handed_over) place=held handled=yes holder=$3 ;;
    returned) place=returned handled=yes holder=$3 ;;
    copied | analysed) handled=yes ;;
  esac
  [ "$good" = yes ]
}
acts=0
for d in proof/[0-9]*; do
  [ -f "$d/deposit.json" ] || continue
  deposit=$(cat "$d/deposit.json") salt=$(cat "$d/salt.hex") before=$(printf %064d 0) deposited=no number=0
  place=elsewhere closed=no handled=no holder=
  first id "$deposit"; record_id=$REPLY
  first custody_sha256 "$deposit"; begin=$REPLY
  index_of "$d"; index=$REPLY latest=$REPLY
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1)) at="7 $d custody line $number"
    last prev "$line"; [ "$REPLY" = "$before" ] || fail "$at does not follow the one before 保管链中断"
    last item "$line"; [ "$REPLY" = "$record_id" ] || fail "$at is about another item 保管记录属于他项"
    before=$(printf %s "$line" | sha256sum | cut -c 1-64)
    [ -z "$begin" ] || [ "$begin" = "$before" ] || fail "$at: the custody chain begins elsewhere 保管链起点不符"
    mask "$line"; masked=$REPLY begin=
    first act "$masked"; act=$REPLY
    first actor "$masked"; actor=$REPLY
    case $line in
      *',"v":1}')
        case $act in collected | deposited | bundled) ;; *) fail "$at $act: nobody has signed what people must sign 缺少当事人签名" ;; esac
        case $line in '{"act":"deposited",'*"\"detail\":{\"index\":\"$index\""*) deposited=yes ;; esac
        follows "$act" "$actor" '' || fail "$at $act cannot follow those before 次序不可能"
        continue ;;
      *',"v":2}') ;;
      *) fail "$at is of a version that is not known 版本未知" ;;
    esac
    case $act in handed_over | returned) sides='giver receiver' ;; collected | sealed | opened | copied | analysed) sides=operator ;; *) fail "$at $act is no act of people 并非当事人的行为" ;; esac
    # 签名文本：去掉签名的该行，加一行“as 角色 姓名” / Each party signs the line without attestations, and `as ROLE NAME`.
    signatures=${line#*,\"attestations\":\[} && [ "$signatures" != "$line" ] || fail "$at $act: nobody has signed 无人签名"
    printf '%s,"id":"%s\n' "${line%%,\"attestations\":\[*}" "${signatures#*\],\"id\":\"}" >../unsigned
    signatures=${masked#*,\"attestations\":\[} && signatures=${signatures%%\],\"id\":\"*}
    parties=${masked#*\"parties\":\[} party=0 roles='' seen='' receiver=''
    while [ "$parties" != "${parties#*\{\"name\":\"}" ]; do
      parties=${parties#*\{\"name\":\"} party=$((party + 1)) by=${parties%%\"*}
      first role "$parties"; role=$REPLY roles="$roles $REPLY"
      [ "$role" != receiver ] || receiver=$by
      [ $party -gt 1 ] || [ "$by" = "$actor" ] || fail "$at $act: the first party is not who acted 首位当事人并非行为人"
      by=$(unmask "$by"); who="$at $act: $role $by"
      { cat ../unsigned && printf 'as %s %s\n' "$role" "$by"; } >../act
      case $signatures in '{"how":"'*",\"party\":$party"[,}]*) ;; *) fail "$who has not signed 缺少该方签名" ;; esac
      stand=${signatures#\{\"how\":\"} signatures=
      case $stand in *',{"how":"'*) signatures="{\"how\":\"${stand#*,\{\"how\":\"}" stand=${stand%%,\{\"how\":\"*} ;; esac
      case $stand in *",\"party\":$party"[,}]*) ;; *) fail "$who has not signed 缺少该方签名" ;; esac
      case $stand in
        signed\"*)
          first key "$stand"; key_text=$(unmask "$REPLY")
          first signature "$stand"; signature=$(unmask "$REPLY")
          vkey "$key_text" 01 && [ "$signature" = "— $name ${signature##* }" ] && base64_hex "${signature##* }" && [ ${#REPLY} -eq 136 ] &&
            [ "${REPLY%"${REPLY#????????}"}" = "$id" ] && signed "$key" "${REPLY#????????}" ../act || fail "$who: the signature does not fit 签名不符"
          case " $seen " in *" $key "*) fail "$who: one key signed for two 同一密钥代两方签名" ;; esac
          seen="$seen $key"
          note "$who signed with this key; nobody here has said whose it is 已签名，密钥归属须另行核实: $key_text" ;;
        paper\"*) first scan "$stand"; note "$who signed on paper, the scan is deposit $REPLY 纸面签名，未核验" ;;
        unsigned\"*) case " $sides " in *" $role "*) fail "$who has not signed 缺少该方签名" ;; esac; note "$who did not sign 未签名" ;;
        *) fail "$who: the signature cannot be read 签名无法读取" ;;
      esac
    done
    [ -z "$signatures" ] || fail "$at $act: more signatures than parties 签名多于当事人"
    for role in $sides; do case "$roles " in *" $role "*) ;; *) fail "$at $act: the $role is missing 缺少一方" ;; esac; done
    follows "$act" "$actor" "$receiver" || case $masked in *',"record":{"irregular":"'*) note "$at $act is out of order, and says why 不合次序，已述明原因" ;; *) fail "$at $act cannot follow those before 次序不可能" ;; esac
    # 该行在日志中的条目 / The entry of the line in the log: it commits to it, and comes after those before
    a=$d/act-$(printf %05d $number) acts=$((acts + 1))
    [ -f "$a/entry.json" ] || fail "$at $act: its entry in the log is not in the bundle 缺少日志条目"
    first recorded_at "$(cat "$a/entry.json")"; time=$REPLY
    mac=$(printf %s "$line" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$salt")
    line_id "$salt" "$record_id" $number
    printf '{"commitment":"%s","id":"%s","kind":"custody","recorded_at":"%s","v":1}' "${mac##* }" "$REPLY" "$time" | same "$a/entry.json" ||
      fail "$at $act: its entry does not commit to it 日志条目与该行不符"
    index_of "$a"; [ "$REPLY" -gt "$latest" ] || fail "$at $act: entry $REPLY does not come after entry $latest 日志条目次序不符"
    latest=$REPLY
    ok "$at $act is entry $REPLY of the log, recorded at $time 该行在日志中"
  done <"$d/custody.jsonl"
  [ $deposited = yes ] || fail "7 $d: no custody line says that it became an entry 保管链中没有存证记录"
  for a in "$d"/act-*; do
    [ -d "$a" ] || continue
    n=${a##*/act-}
    # 先确认是数字：算术式会执行其中的命令 / Digits and nothing else: arithmetic would run commands in a name.
    case $n in [0-9][0-9][0-9][0-9][0-9]) n=$((1$n - 100000)) ;; *) fail "7 $d: a folder that belongs to no custody line 文件夹不属于任何保管记录" ;; esac
    [ $n -ge 1 ] && [ $n -le $number ] && case $(head -n $n "$d/custody.jsonl" | tail -n 1) in *',"v":2}') ;; *) false ;; esac ||
      fail "7 $d: the log has an entry for custody line $n, which was left out or changed 日志中有该行，保管链中却没有"
  done
done
ok "7 $items items: custody chains are whole, $acts signed acts 保管链完整，经签名的行为 $acts 项"

# ---- 8. 封包：除自行证明者外，每个文件都在封存清单中 / The seal covers every file that does not prove itself
cat tagmanifest-sha256.txt manifest-sha256.txt | while IFS= read -r line; do
  case ${line#*  } in
    proof/checkpoint | proof/log.vkey | proof/tsa/[0-9][0-9].tsr | proof/tsa/[0-9][0-9].tsq | proof/tsa/[0-9][0-9].pem) ;;
    proof/bundle/statement.json | proof/bundle/sealed-sha256.txt | proof/bundle/salt.hex | proof/bundle/entry.json) ;;
    proof/bundle/inclusion.tlog-proof | proof/[0-9][0-9][0-9][0-9]/inclusion.tlog-proof) ;;
    proof/[0-9][0-9][0-9][0-9]/act-[0-9][0-9][0-9][0-9][0-9]/inclusion.tlog-proof | proof/[0-9][0-9][0-9][0-9]/erased/inclusion.tlog-proof) ;;
    *) printf '%s\n' "$line" ;;
  esac
done | sort >../sealed
statement=$(cat proof/bundle/statement.json)
first sealed_sha256 "$statement"
sort proof/bundle/sealed-sha256.txt >../listed
same ../listed <../sealed || fail "8 not what was sealed, first 与封存清单不符，首个: $(comm -3 --output-delimiter= ../sealed ../listed | cut -c 67- | sort | head -n 1)"
[ "$(sha256sum <proof/bundle/sealed-sha256.txt | cut -c 1-64)" = "$REPLY" ] &&
  case $statement in *"\"items\":$items,"*'"v":2}') ;; *) false ;; esac || fail "8 the files are not those that were sealed 文件与封存清单不符"
ok "8 the bundle is what was sealed 整包与封存时一致"

# ---- 9. 见证人签名 / Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519)
tail -n +6 proof/checkpoint | while IFS= read -r line; do
  by=${line#— } && by=${by% *} && base64_hex "${line##* }" && [ "$line" = "— $by ${line##* }" ] || fail "9 a signature line cannot be read 签名行有误"
  cosigned=$REPLY known=no
  [ -f proof/witness.vkeys ] && while IFS= read -r witness; do
    vkey "$witness" 04 2>/dev/null && [ "$name" = "$by" ] && [ "$id" = "${cosigned%"${cosigned#????????}"}" ] || continue
    [ ${#cosigned} -eq 152 ] || fail "9 the signature of $by has another length 见证人签名长度有误"
    at=${cosigned#????????} && at=${at%"${at#????????????????}"} && known=yes
    { printf 'cosignature/v1\ntime %s\n' "$((0x$at))" && cat ../text; } >../cosigned
    signed "$key" "${cosigned#????????????????????????}" ../cosigned || fail "9 the signature of $by is wrong 见证人签名不符"
    ok "9 witness $by saw this checkpoint at $(date -u -d "@$((0x$at))" +%Y-%m-%dT%H:%M:%SZ) 见证人已签名（其公钥取自证据包，须另行核实）"
  done <proof/witness.vkeys
  [ $known = yes ] || note "9 the signature of $by: no Ed25519 key for it in the bundle 包内没有该签名的 Ed25519 公钥"
done || exit 1
[ "$(wc -l <proof/checkpoint)" -gt 5 ] || note "9 witnesses: nobody but the log itself has signed its checkpoint 见证：检查点仅有日志自身签名，无第三方见证"

# ---- 10. 时间戳 / Time stamps of the checkpoint (RFC 3161), at the time that they state
for tsr in proof/tsa/*.tsr; do
  [ -f "$tsr" ] || { note "10 trusted time: the times are those of the log's own clock 可信时间：所载时间为日志自身时钟" && break; }
  pem=${tsr%.tsr}.pem && text=$(openssl ts -reply -in "$tsr" -text 2>/dev/null) && stamp=${text##*Time stamp: } && stamp=$(date -u -d "${stamp%%
*}" +%s) && for over in "-data proof/checkpoint" "-queryfile ${tsr%.tsr}.tsq"; do
    openssl ts -verify -in "$tsr" $over -CAfile "$pem" -untrusted "$pem" -attime "$stamp" >/dev/null 2>&1 || fail "10 $tsr does not fit ${over#-*} 时间戳与检查点或请求不符"
  done || fail "10 $tsr is not a time stamp of this checkpoint 时间戳不符"
  ok "10 $tsr: the checkpoint existed at $(date -u -d "@$stamp" +%Y-%m-%dT%H:%M:%SZ) 时间戳有效（证书取自证据包，须另行核实）"
done

# ---- 结论的界限 / What this does not say
note "whether acts of custody were left out or came later: the log tells 是否另有未列入的保管行为：须查日志"
note "whether the content was true before it was deposited 存证之前内容是否真实（人民法院在线诉讼规则第十八条）"
note "who made it, who holds rights in it, and whether the depositor is who the record names 作者、权利归属及存证人身份"
note "when it was made, and whether it was lawfully obtained 形成时间及取证是否合法"
ok "nothing was found wrong 未发现不符之处"
