// The language of the pages: one catalogue, one language loaded at a time.
//
// In:  `?lang=`, what this browser chose before, else Chinese.
// Out: `useWords()`: words by key, names that the server gives in both languages, days, numbers and money as read here.
import i18next from "i18next";
import { useMemo } from "react";
import { initReactI18next, useTranslation } from "react-i18next";
import { day, instant, money, number, percent, size } from "./format";
import type { MessageKey } from "./keys";

export type Language = "zh" | "en";
/** A name in both languages, as the server sends them. */
export interface Names {
  zh: string;
  en: string;
}

const CHOICE = "quanlian.language";

function chosen(): Language {
  const asked = new URLSearchParams(window.location.search).get("lang");
  const kept = asked ?? window.localStorage.getItem(CHOICE);
  return kept === "en" ? "en" : "zh";
}

const load = { zh: () => import("virtual:words/zh"), en: () => import("virtual:words/en") };

/** Loads a language and shows the pages in it. */
export async function speak(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", (await load[language]()).default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  window.localStorage.setItem(CHOICE, language);
}

export async function begin(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: chosen(),
    resources: {},
    keySeparator: false,
    nsSeparator: false,
    interpolation: { prefix: "{", suffix: "}", escapeValue: false },
    returnNull: false,
  });
  await speak(chosen());
}

export interface Words {
  language: Language;
  /** The words of a key; `count` chooses between one and many. */
  t: (key: MessageKey, values?: Record<string, string | number>) => string;
  /** Words of a key that is put together; the fallback where there are none. */
  maybe: (key: string, fallback: string) => string;
  /** A name that the server gives in both languages. */
  pick: (names: Names | null | undefined) => string;
  day: (text: string | null | undefined) => string;
  instant: (text: string | null | undefined) => string;
  money: (fen: number | null | undefined) => string;
  number: (value: number) => string;
  percent: (share: number) => string;
  size: (bytes: number) => string;
  /** Sorts as readers of this language do: by pinyin in Chinese. */
  compare: (left: string, right: string) => number;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === "en" ? "en" : "zh";
  return useMemo(() => {
    const collator = new Intl.Collator(language === "zh" ? "zh-u-co-pinyin" : "en", { numeric: true });
    return {
      language,
      t: (key, values) => t(key, values ?? {}),
      maybe: (key, fallback) => (i18n.exists(key) ? t(key) : fallback),
      pick: (names) => names?.[language] ?? "",
      day: (text) => day(text, language),
      instant: (text) => instant(text, language),
      money: (fen) => money(fen, language),
      number: (value) => number(value, language),
      percent: (share) => percent(share, language),
      size,
      compare: collator.compare,
    };
  }, [t, i18n, language]);
}

/** Words outside of components, such as in messages about a lost connection. */
export function say(key: MessageKey, values?: Record<string, string | number>): string {
  return i18next.t(key, values ?? {});
}
