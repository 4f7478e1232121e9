// A barcode as pixels and as a film: what the browser's fake camera shows in the tests of scanning.

/** Widths of bars and spaces of each value (ISO/IEC 15417, Code 128), the last one being the stop. */
const CODE_128 = (
  "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 " +
  "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 " +
  "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 " +
  "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 " +
  "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 " +
  "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 " +
  "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
).split(" ");
const START_B = 104;
const STOP = 106;

/** The modules of a text in code set B, `true` for a bar, with the quiet zones. */
export function code128(text: string): boolean[] {
  const values = [...text].map((character) => {
    const value = character.charCodeAt(0) - 32;
    if (value < 0 || value > 94) throw new Error(`${character} is not in code set B`);
    return value;
  });
  const check = values.reduce((sum, value, place) => sum + value * (place + 1), START_B) % 103;
  const quiet = Array<boolean>(12).fill(false);
  const bars = [START_B, ...values, check, STOP].flatMap((value) =>
    [...(CODE_128[value] ?? "")].flatMap((width, place) => Array<boolean>(Number(width)).fill(place % 2 === 0)),
  );
  return [...quiet, ...bars, ...quiet];
}

const WIDTH = 640;
const HEIGHT = 480;
const BLACK = 16;
const WHITE = 235;

/** One picture of a label, or of nothing: a frame of I420. */
function frame(text: string | null): Buffer {
  const luma = Buffer.alloc(WIDTH * HEIGHT, WHITE);
  if (text) {
    const modules = code128(text);
    const wide = Math.floor(WIDTH / modules.length);
    if (wide < 2) throw new Error(`${text} is too long for the camera`);
    const left = Math.floor((WIDTH - wide * modules.length) / 2);
    for (let y = HEIGHT / 4; y < (HEIGHT * 3) / 4; y++) {
      for (let x = 0; x < wide * modules.length; x++) {
        if (modules[Math.floor(x / wide)]) luma[y * WIDTH + left + x] = BLACK;
      }
    }
  }
  return Buffer.concat([luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
}

/** A film (YUV4MPEG2) that shows each label, `null` being nothing, for a second; Chromium begins it anew at its end. */
export function film(labels: readonly (string | null)[]): Buffer {
  const perSecond = 5;
  const pictures = labels.flatMap((label) => Array<Buffer>(perSecond).fill(Buffer.concat([Buffer.from("FRAME\n"), frame(label)])));
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${perSecond}:1 Ip A1:1 C420\n`), ...pictures]);
}
