// The look: one blue, contrast of 4.5 and more for every word, 16 px type and a larger one for who asks for it.
import type { ThemeConfig } from "antd";
import { useSyncExternalStore } from "react";

/** What the server gave this page for styles that are made as it runs. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

const KEY = "quanlian.large-type";
const listeners = new Set<() => void>();

export function useLargeType(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => window.localStorage.getItem(KEY) === "yes",
  );
}

export function setLargeType(isLarge: boolean): void {
  window.localStorage.setItem(KEY, isLarge ? "yes" : "no");
  for (const listener of listeners) listener();
}

export function theme(isLarge: boolean): ThemeConfig {
  return {
    token: {
      colorPrimary: "#0b4aa2",
      colorInfo: "#0b4aa2",
      colorLink: "#0b4aa2",
      colorSuccess: "#1a7f37",
      colorWarning: "#8a6100",
      colorError: "#b42318",
      // The shades that would be derived of colours so dark are a muddy grey.
      colorInfoBg: "#eef4fd",
      colorInfoBorder: "#a9c4ec",
      colorSuccessBg: "#edf7ef",
      colorSuccessBorder: "#9bcfa8",
      colorErrorBg: "#fdf0ef",
      colorErrorBorder: "#e6a8a2",
      colorWarningBg: "#fff8e1",
      colorWarningBorder: "#d8b34a",
      colorTextPlaceholder: "#666666",
      colorTextDescription: "rgba(0,0,0,0.62)",
      colorTextSecondary: "rgba(0,0,0,0.7)",
      colorTextTertiary: "rgba(0,0,0,0.62)",
      colorTextQuaternary: "rgba(0,0,0,0.6)",
      colorBorder: "#868e96",
      fontSize: isLarge ? 19 : 15,
      controlHeight: isLarge ? 44 : 36,
      borderRadius: 4,
      fontFamily: "inherit",
      // Nothing moves: a movement that is interrupted leaves what it was to remove, such as "loading" in the name of a button.
      motion: false,
    },
    components: {
      Table: { headerBg: "#eef2f7", headerColor: "#1f2d3d", cellPaddingBlock: 10 },
      Card: { headerFontSize: isLarge ? 20 : 16 },
      Layout: { siderBg: "#ffffff", bodyBg: "#f3f5f8" },
      Menu: { itemSelectedBg: "#e3ecf9", itemSelectedColor: "#0b4aa2" },
    },
  };
}

/**
 * Gives the nonce to every style that our own scripts make as they run: parts of the library measure scroll bars and text with styles that they
 * forget to mark, and the policy of the pages refuses those. Scripts of others never run here, so nobody else's styles get it.
 */
export function markStyles(): void {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}
