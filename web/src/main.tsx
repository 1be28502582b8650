// The pages of the platform: where they begin.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Pages } from "~/app/pages";
import { markStyles } from "~/app/theme";
import { tidyDrafts } from "~/parts/draft";
import { begin } from "~/words/words";
import "~/app/pages.css";

const root = document.getElementById("root");
if (root) {
  markStyles();
  tidyDrafts();
  await begin();
  createRoot(root).render(
    <StrictMode>
      <Pages />
    </StrictMode>,
  );
}
