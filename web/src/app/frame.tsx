// The frame of every screen: who is signed in, search first, what is new, where one can go.
import {
  AuditOutlined,
  BellOutlined,
  BookOutlined,
  DashboardOutlined,
  DeploymentUnitOutlined,
  FileProtectOutlined,
  FileTextOutlined,
  FolderOpenOutlined,
  FormOutlined,
  HomeOutlined,
  NodeIndexOutlined,
  SafetyCertificateOutlined,
  SearchOutlined,
  SendOutlined,
  SwapOutlined,
  TeamOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { Badge, Button, Dropdown, Layout, Menu } from "antd";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { Link, Outlet, ScrollRestoration, useLocation, useNavigate } from "react-router";
import { write } from "~/api/client";
import { queries, SESSION, useAgencies, useNotices, useSession } from "~/api/queries";
import { Broken, Loading } from "~/parts/broken";
import { SearchBox } from "~/parts/search-box";
import { FirstPassword } from "~/screens/sign-in/first-password";
import { SignIn } from "~/screens/sign-in/sign-in";
import { speak, useWords } from "~/words/words";
import { sectionsFor } from "./navigation";
import { setLargeType, useLargeType } from "./theme";

const TourPanel = lazy(() => import("~/screens/help/tour"));

const ICONS: Record<string, ReactNode> = {
  "/": <HomeOutlined />,
  "/intake": <FormOutlined />,
  "/filings": <FileTextOutlined />,
  "/matters": <FolderOpenOutlined />,
  "/transfer": <SwapOutlined />,
  "/hits": <SearchOutlined />,
  "/verify": <SafetyCertificateOutlined />,
  "/law": <BookOutlined />,
  "/procedures": <NodeIndexOutlined />,
  "/indicators": <DashboardOutlined />,
  "/accounts": <TeamOutlined />,
  "/agencies": <DeploymentUnitOutlined />,
  "/webhooks": <SendOutlined />,
  "/audit": <AuditOutlined />,
  "/help": <FileProtectOutlined />,
};

export function Frame() {
  const { t, pick, language, instant } = useWords();
  const { data: who, isPending, error } = useSession();
  const { pathname } = useLocation();
  useEffect(() => {
    // A screen that is opened is read from its head on.
    if (pathname) document.getElementById("main")?.focus({ preventScroll: true });
  }, [pathname]);

  if (isPending) return <Loading />;
  if (error) return <Broken error={error} />;
  if (!who) return <SignIn />;
  if (who.must_change_password) return <FirstPassword />;

  const sections = sectionsFor(who);
  const at = pathname === "/" ? "/" : `/${pathname.split("/")[1]}`;
  return (
    <Layout className="frame">
      <a className="skip" href="#main">
        {t("frame.skip")}
      </a>
      <header className="frame-head">
        <Link to="/" className="frame-mark">
          {t("frame.name")}
        </Link>
        <div className="frame-search">
          <SearchBox />
        </div>
        <div id="tour-place" className="frame-tour" />
        <div className="frame-right">
          <Bell />
          <Button
            type="text"
            lang={language === "zh" ? "en" : "zh-CN"}
            onClick={() => void speak(language === "zh" ? "en" : "zh")}
          >
            {language === "zh" ? "English" : "中文"}
          </Button>
          <Me />
        </div>
      </header>
      <Layout>
        <Layout.Sider className="frame-side no-print" width={216} breakpoint="lg" collapsedWidth={56} theme="light">
          <nav aria-label={t("frame.nav.label")}>
            <Menu
              mode="inline"
              selectedKeys={[at]}
              items={sections.map((section) => ({
                type: "group",
                key: section.words,
                label: t(section.words),
                children: section.entries.map((entry) => ({
                  key: entry.path,
                  icon: ICONS[entry.path],
                  label: <Link to={entry.path}>{t(entry.words)}</Link>,
                })),
              }))}
            />
          </nav>
        </Layout.Sider>
        <main id="main" tabIndex={-1} className="frame-body">
          <Outlet />
        </main>
      </Layout>
      <Watermark
        who={`${who.name} (${who.login})`}
        agency={who.agency}
        at={instant(new Date().toISOString())}
        pick={pick}
      />
      <Suspense fallback={null}>
        <TourPanel who={who} />
      </Suspense>
      <ScrollRestoration />
    </Layout>
  );
}

/** On every printed page: who printed it, when, for which agency. */
function Watermark({
  who,
  agency,
  at,
  pick,
}: {
  who: string;
  agency: string;
  at: string;
  pick: ReturnType<typeof useWords>["pick"];
}) {
  const { t } = useWords();
  const { data: agencies } = useAgencies();
  const name = pick(agencies?.find((one) => one.code === agency)?.names) || agency;
  return <div className="watermark-print">{t("frame.printed", { who, agency: name, at })}</div>;
}

function Bell() {
  const { t } = useWords();
  const { data } = useNotices(true);
  const unread = data?.unread ?? 0;
  return (
    <Link to="/notices" aria-label={t("frame.notices", { count: unread })}>
      <Badge count={unread} size="small" offset={[2, 0]}>
        <BellOutlined style={{ fontSize: 20, color: "#fff", padding: 8 }} />
      </Badge>
    </Link>
  );
}

function Me() {
  const { t } = useWords();
  const { data: who } = useSession();
  const isLarge = useLargeType();
  const navigate = useNavigate();
  const leave = async () => {
    await write("DELETE", "/api/v1/session");
    queries.clear();
    queries.setQueryData(SESSION, null);
    navigate("/");
  };
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "account", label: <Link to="/account">{t("frame.nav.account")}</Link> },
          { key: "help", label: <Link to="/help">{t("frame.nav.help")}</Link> },
          {
            key: "large",
            label: t(isLarge ? "frame.type.normal" : "frame.type.large"),
            onClick: () => setLargeType(!isLarge),
          },
          { type: "divider" },
          { key: "leave", label: t("sign-in.leave"), onClick: () => void leave() },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />}>
        {who?.name}
      </Button>
    </Dropdown>
  );
}
