export const FOLDER: string;
export function catalogue(folder?: string): Record<"zh" | "en", Record<string, string>>;
export function keys(of?: Record<"zh" | "en", Record<string, string>>): string[];
