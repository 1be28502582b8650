// The manual in Chinese.
import type { Section } from "./manual";
import { matterSections } from "./manual-matter.zh";
import { restSections } from "./manual-rest.zh";

const sections: Section[] = [...matterSections, ...restSections];

export default sections;
