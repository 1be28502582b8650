// Notices by the matter that they are about; the matter with the newest one first.
import type { Notice } from "~/api/shapes";

export interface Group {
  matter: Notice["matter"];
  notices: Notice[];
  unread: number;
}

export function byMatter(notices: Notice[]): Group[] {
  const groups = new Map<string, Group>();
  for (const notice of notices) {
    const group = groups.get(notice.matter.id) ?? { matter: notice.matter, notices: [], unread: 0 };
    group.notices.push(notice);
    if (notice.read_at === null) group.unread += 1;
    groups.set(notice.matter.id, group);
  }
  return [...groups.values()];
}

/** The light of a notice: `overdue_3` and the like are red. */
export function lightOf(light: string | null): "off" | "yellow" | "red" {
  if (light === null) return "off";
  return light === "yellow" ? "yellow" : "red";
}
