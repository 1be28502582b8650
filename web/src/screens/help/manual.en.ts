// The manual in English.
import type { Section } from "./manual";
import { matterSections } from "./manual-matter.en";
import { restSections } from "./manual-rest.en";

const sections: Section[] = [...matterSections, ...restSections];

export default sections;
