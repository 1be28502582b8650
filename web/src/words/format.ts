// Days, instants, numbers and money as read in each language.
//
// Days are those of Asia/Shanghai, as the law counts them, wherever the browser stands. Money is integer fen; large sums are shown in 万 and 亿
// only where they lose nothing, the whole sum otherwise.
import type { Language } from "./words";

const ZONE = "Asia/Shanghai";
const locale = (language: Language) => (language === "zh" ? "zh-CN" : "en-GB");

const cache = new Map<string, Intl.DateTimeFormat>();
function format(language: Language, kind: "day" | "instant"): Intl.DateTimeFormat {
  const key = language + kind;
  let found = cache.get(key);
  if (!found) {
    const month = language === "zh" ? "numeric" : "short";
    found = new Intl.DateTimeFormat(locale(language), {
      timeZone: ZONE,
      year: "numeric",
      month,
      day: "numeric",
      ...(kind === "instant" ? { hour: "2-digit", minute: "2-digit", hour12: false } : {}),
    });
    cache.set(key, found);
  }
  return found;
}

/** A civil day `2026-11-24`, or the day of an instant. */
export function day(text: string | null | undefined, language: Language): string {
  if (!text) return "";
  const at = text.length === 10 ? new Date(`${text}T12:00:00+08:00`) : new Date(text);
  return Number.isNaN(at.getTime()) ? text : format(language, "day").format(at);
}

export function instant(text: string | null | undefined, language: Language): string {
  if (!text) return "";
  if (text.length === 10) return day(text, language);
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : format(language, "instant").format(at);
}

export function number(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { maximumFractionDigits: 2 }).format(value);
}

export function percent(share: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** Fen as yuan; in Chinese whole hundreds of 万 and 亿 in those units. */
export function money(fen: number | null | undefined, language: Language): string {
  if (fen === null || fen === undefined) return "";
  if (!Number.isSafeInteger(fen)) return `${fen}`;
  const yuan = fen / 100;
  if (language === "en") {
    return `¥${new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(yuan)}`;
  }
  for (const [unit, word] of [
    [100_000_000, "亿元"],
    [10_000, "万元"],
  ] as const) {
    // Two places of the unit say all there is, or the whole sum is shown.
    if (Math.abs(yuan) >= unit && Number.isInteger((yuan / unit) * 100)) return `${number(yuan / unit, "zh")} ${word}`;
  }
  return `${new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(yuan)} 元`;
}

export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

const FULL_WIDTH = /[\uFF01-\uFF5E\u3000]/g;
/** What a Chinese input method typed in full width, in half width: for numbers, dates and codes. */
export function halfWidth(text: string): string {
  return text.replace(FULL_WIDTH, (sign) =>
    sign === "\u3000" ? " " : String.fromCharCode(sign.charCodeAt(0) - 0xfee0),
  );
}

/** Yuan as typed (`７万`, `1.2亿`, `70,000.50`, `¥ 70000元`) in fen; `undefined` where that is no sum. */
export function fenOf(typed: string): number | undefined {
  const text = halfWidth(typed).replace(/[\s,，¥￥元圆]/g, "");
  const found = /^(\d{1,13})(?:\.(\d{1,8}))?(万|亿)?$/.exec(text);
  if (!found) return undefined;
  const places = { 万: 6, 亿: 10 }[found[3] ?? ""] ?? 2;
  const fraction = (found[2] ?? "").replace(/0+$/, "");
  if (fraction.length > places) return undefined;
  const fen = Number(`${found[1]}${fraction.padEnd(places, "0")}`);
  return Number.isSafeInteger(fen) ? fen : undefined;
}

/** Today in Shanghai, as `2026-11-24`. */
export function today(): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(new Date());
}
