// A QR code of an address, drawn as one path: no markup is put together, and nothing is asked of another host.
import { useEffect, useState } from "react";

export function Qr({ text, label, size = 132 }: { text: string; label: string; size?: number }) {
  const [drawn, setDrawn] = useState<{ path: string; side: number }>();
  useEffect(() => {
    let isOver = false;
    void import("qrcode").then(({ create }) => {
      const { modules } = create(text, { errorCorrectionLevel: "M" });
      let path = "";
      for (let row = 0; row < modules.size; row += 1)
        for (let column = 0; column < modules.size; column += 1)
          if (modules.get(row, column)) path += `M${column + 4} ${row + 4}h1v1h-1z`;
      if (!isOver) setDrawn({ path, side: modules.size + 8 });
    });
    return () => {
      isOver = true;
    };
  }, [text]);
  if (!drawn) return <span style={{ width: size, height: size, display: "inline-block" }} />;
  return (
    <svg
      role="img"
      aria-label={label}
      width={size}
      height={size}
      viewBox={`0 0 ${drawn.side} ${drawn.side}`}
      shapeRendering="crispEdges"
    >
      <title>{label}</title>
      <rect width={drawn.side} height={drawn.side} fill="#fff" />
      <path d={drawn.path} fill="#000" />
    </svg>
  );
}
