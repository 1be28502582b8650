// Where each screen stands. Each is a chunk of its own that loads when somebody goes there.
import { createBrowserRouter, type RouteObject } from "react-router";
import { Broken, Loading } from "~/parts/broken";
import { Frame } from "./frame";

const screens: RouteObject[] = [
  { index: true, lazy: () => import("~/screens/workbench/workbench") },
  { path: "search", lazy: () => import("~/screens/search/search") },
  { path: "notices", lazy: () => import("~/screens/notices/notices") },
  { path: "intake", lazy: () => import("~/screens/intake/intake") },
  { path: "filings", lazy: () => import("~/screens/filings/filings") },
  { path: "filings/:id", lazy: () => import("~/screens/filings/filing") },
  { path: "matters", lazy: () => import("~/screens/matters/matters") },
  { path: "matters/:id", lazy: () => import("~/screens/matter/matter") },
  { path: "matters/:id/review", lazy: () => import("~/screens/review/review") },
  { path: "matters/:id/assessment", lazy: () => import("~/screens/law/assessment") },
  { path: "matters/:id/:tab", lazy: () => import("~/screens/matter/matter") },
  { path: "transfer", lazy: () => import("~/screens/transfer/transfer") },
  { path: "verify", lazy: () => import("~/screens/verify/verify") },
  { path: "hits", lazy: () => import("~/screens/hits/hits") },
  { path: "law", lazy: () => import("~/screens/law/rules") },
  { path: "procedures", lazy: () => import("~/screens/procedures/procedures") },
  { path: "indicators", lazy: () => import("~/screens/indicators/indicators") },
  { path: "indicators/:id", lazy: () => import("~/screens/indicators/indicator") },
  { path: "accounts", lazy: () => import("~/screens/accounts/accounts") },
  { path: "agencies", lazy: () => import("~/screens/agencies/agencies") },
  { path: "audit", lazy: () => import("~/screens/audit/audit") },
  { path: "webhooks", lazy: () => import("~/screens/webhooks/webhooks") },
  { path: "account", lazy: () => import("~/screens/account/account") },
  { path: "help", lazy: () => import("~/screens/help/help") },
  { path: "*", lazy: () => import("~/screens/nothing") },
];

export const router = createBrowserRouter([
  {
    path: "/",
    element: <Frame />,
    hydrateFallbackElement: <Loading />,
    errorElement: <Broken />,
    children: screens.map((one) => ({ ...one, errorElement: <Broken /> })),
  },
]);
