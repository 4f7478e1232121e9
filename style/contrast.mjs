// Computes the contrast of every colour pair of every theme and fails below 4.5:1 (WCAG 2.2, 1.4.3), and below 7:1 (1.4.6)
// in the theme for high contrast.
// Usage: node style/contrast.mjs
import { readFileSync } from "node:fs";

const MINIMUM = { light: 4.5, dark: 4.5, contrast: 7 };
const css = readFileSync(new URL("tailwind.css", import.meta.url), "utf8");

/** Relative luminance of a `#rrggbb` colour, 0 (black) to 1 (white). */
function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

let failed = 0;
const seen = [];
for (const [, body] of css.matchAll(/daisyui\/theme"\s*\{([^}]*)\}/g)) {
  const theme = /name:\s*"([^"]+)"/.exec(body)[1];
  const minimum = MINIMUM[theme];
  if (!minimum) throw new Error(`the theme ${theme} has no minimum here`);
  seen.push(theme);
  const colours = new Map([...body.matchAll(/--color-([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, hex]) => [name, hex]));
  for (const [name, hex] of colours) {
    const pairs = name.startsWith("base-")
      ? name === "base-content" ? ["base-100", "base-200", "base-300"] : []
      : name.endsWith("-content") ? [name.slice(0, -"-content".length)]
        : name === "neutral" ? [] : ["base-100", "base-200"];
    for (const other of pairs) {
      const ratio = contrast(hex, colours.get(other));
      if (ratio < minimum) {
        failed += 1;
        console.error(`${theme}: ${name} on ${other} has ${ratio.toFixed(2)}:1, less than ${minimum}:1`);
      }
    }
  }
}
if (seen.sort().join() !== Object.keys(MINIMUM).sort().join()) throw new Error(`only ${seen} were found`);
process.exitCode = failed > 0 ? 1 : 0;
