// Everything that all screens stand in: theme, language, queries, the session, the two questions of the client.
import { QueryClientProvider } from "@tanstack/react-query";
import { ConfigProvider, App as Messages } from "antd";
import en from "antd/locale/en_GB";
import zh from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { RouterProvider } from "react-router";
import { queries } from "~/api/queries";
import { useWords } from "~/words/words";
import { Questions } from "./questions";
import { router } from "./router";
import { nonce, theme, useLargeType } from "./theme";

export function Pages() {
  const { language } = useWords();
  const isLarge = useLargeType();
  dayjs.locale(language === "zh" ? "zh-cn" : "en");
  return (
    <ConfigProvider
      csp={{ nonce }}
      locale={language === "zh" ? zh : en}
      theme={theme(isLarge)}
      button={{ autoInsertSpace: false }}
    >
      <Messages component={false}>
        <QueryClientProvider client={queries}>
          <Questions>
            <RouterProvider router={router} />
          </Questions>
        </QueryClientProvider>
      </Messages>
    </ConfigProvider>
  );
}
