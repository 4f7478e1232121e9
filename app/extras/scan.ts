// Reads serial numbers with the camera into a field, one or one after the other. The browser's own detector where there is
// one, else zxing-cpp as wasm, which is fetched only now; else a photo; else one goes on typing.

import type * as ZXing from "./zxing/reader/index.js";

/** What labels of terminals carry. */
const NATIVE = ["code_128", "code_39", "code_93", "codabar", "ean_13", "itf", "data_matrix", "qr_code"];
const OTHERS = ["Code128", "Code39", "Code93", "Codabar", "EAN-13", "ITF", "DataMatrix", "QRCode"];

/** Milliseconds between two looks, and for which the same label is not read again. */
const LOOK_MS = 120;
const SAME_MS = 2500;

/** Widest picture that is looked at: more costs time and finds nothing more. */
const WIDEST = 1280;

type Detector = (picture: HTMLCanvasElement) => Promise<string[]>;

interface NativeDetector {
  detect(picture: HTMLCanvasElement): Promise<{ rawValue: string }[]>;
}

interface NativeDetectorClass {
  new (options: { formats: string[] }): NativeDetector;
  getSupportedFormats(): Promise<string[]>;
}

let detector: Promise<Detector> | undefined;

/** The detector, made once. One that could not be made is forgotten, so that the next attempt begins anew. */
function loaded(): Promise<Detector> {
  detector ??= makeDetector().catch((problem: unknown) => {
    detector = undefined;
    throw problem;
  });
  return detector;
}

async function makeDetector(): Promise<Detector> {
  const native = (globalThis as { BarcodeDetector?: NativeDetectorClass }).BarcodeDetector;
  if (native) {
    const supported = (await native.getSupportedFormats()).filter((format) => NATIVE.includes(format));
    // Some systems have the interface and nothing behind it.
    if (supported.includes("code_128")) {
      const reader = new native({ formats: supported });
      return async (picture) => (await reader.detect(picture)).map(({ rawValue }) => rawValue);
    }
  }
  const { prepareZXingModule, readBarcodes }: typeof ZXing = await import("./zxing/reader/index.js");
  // Its wasm now: what is missing is not to be taken for a picture without a barcode.
  await prepareZXingModule({ overrides: { locateFile: (file) => new URL(`./zxing/${file}`, import.meta.url).href }, fireImmediately: true });
  return async (picture) => {
    const pixels = picture.getContext("2d", { willReadFrequently: true })?.getImageData(0, 0, picture.width, picture.height);
    if (!pixels) return [];
    const found = await readBarcodes(pixels, { formats: OTHERS, tryHarder: true, maxNumberOfSymbols: 4 });
    return found.filter(({ isValid }) => isValid).map(({ text }) => text);
  };
}

/** The rule of the domain (SerialNumber::parse); null when the text is no serial number. */
function serialNumber(text: string): string | null {
  const normal = text.normalize("NFKC").replace(/[\s\p{Dash_Punctuation}]/gu, "").toUpperCase();
  return /^[A-Z0-9._/]{4,64}$/.test(normal) ? normal : null;
}

/** A short tone; a lower one for what was there before. */
function beep(hertz: number): void {
  try {
    const sound = new AudioContext();
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    tone.frequency.value = hertz;
    volume.gain.value = 0.1;
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.12);
    tone.onended = () => void sound.close();
    navigator.vibrate?.(hertz > 600 ? 60 : [60, 60, 60]);
  } catch {
    // No sound is no reason not to scan.
  }
}

class Scanning {
  readonly #box: HTMLDialogElement;
  readonly #target: HTMLInputElement | HTMLTextAreaElement;
  readonly #video: HTMLVideoElement;
  readonly #canvas = document.createElement("canvas");
  readonly #many: boolean;
  #stream: MediaStream | undefined;
  #last = { sn: "", at: 0 };
  #count = 0;

  constructor(box: HTMLDialogElement, target: HTMLInputElement | HTMLTextAreaElement) {
    this.#box = box;
    this.#target = target;
    this.#many = target instanceof HTMLTextAreaElement;
    this.#video = box.querySelector("video") as HTMLVideoElement;
  }

  #say(word: string, found = ""): void {
    const status = this.#box.querySelector("[data-status]");
    if (status) status.textContent = (this.#box.getAttribute(`data-${word}`) ?? "").replace("{}", found);
  }

  async run(): Promise<void> {
    const box = this.#box;
    const ended = new AbortController();
    const options = { signal: ended.signal };
    box.addEventListener("close", () => this.#end(ended), { once: true });
    for (const button of box.querySelectorAll("[data-close]")) button.addEventListener("click", () => box.close(), options);
    const photo = box.querySelector<HTMLInputElement>("input[type=file]");
    photo?.addEventListener("change", () => void this.#photo(photo), options);
    this.#video.hidden = true;
    this.#shown();
    this.#say("starting");
    box.showModal();
    // Fetched while the camera starts; what goes wrong is told when it is needed.
    loaded().catch(() => undefined);
    try {
      const devices = navigator.mediaDevices;
      if (!devices) throw new DOMException("none", "NotFoundError");
      const wish = { facingMode: "environment", width: { ideal: WIDEST }, height: { ideal: 720 } };
      this.#stream = await devices.getUserMedia({ video: wish });
    } catch (problem) {
      const denied = problem instanceof DOMException && problem.name === "NotAllowedError";
      this.#say(denied ? "denied" : "none");
      return;
    }
    if (ended.signal.aborted) return this.#end(ended);
    this.#video.srcObject = this.#stream;
    this.#video.hidden = false;
    await this.#video.play();
    const detect = await this.#detector();
    if (!detect) return;
    this.#say("aim");
    while (!ended.signal.aborted) {
      await this.#look(detect, this.#video, this.#video.videoWidth, this.#video.videoHeight);
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }

  /** The reader of barcodes; where it cannot be loaded, that is said. */
  async #detector(): Promise<Detector | undefined> {
    try {
      return await loaded();
    } catch {
      this.#say("unloaded");
      return undefined;
    }
  }

  /** Looks once; true when something was read. */
  async #look(detect: Detector, source: CanvasImageSource, width: number, height: number): Promise<boolean> {
    if (width === 0 || height === 0) return false;
    const scale = Math.min(1, WIDEST / width);
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.getContext("2d", { willReadFrequently: true })?.drawImage(source, 0, 0, this.#canvas.width, this.#canvas.height);
    const found = await detect(this.#canvas);
    for (const text of found) this.#take(text);
    return found.length > 0;
  }

  async #photo(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    this.#say("starting");
    const detect = await this.#detector();
    if (!detect) return;
    try {
      const picture = await createImageBitmap(file);
      if (!(await this.#look(detect, picture, picture.width, picture.height))) this.#say("unread");
    } catch {
      this.#say("unread");
    }
  }

  #take(text: string): void {
    const sn = serialNumber(text);
    const now = Date.now();
    if (!sn) {
      this.#say("other", text.slice(0, 40));
      return;
    }
    if (sn === this.#last.sn && now - this.#last.at < SAME_MS) {
      this.#last.at = now;
      return;
    }
    this.#last = { sn, at: now };
    if (!this.#many) {
      this.#put(sn);
      beep(880);
      this.#box.close();
      return;
    }
    const lines = this.#target.value.split(/\s+/).map(serialNumber);
    if (lines.includes(sn)) {
      beep(330);
      this.#say("twice", sn);
      return;
    }
    const before = this.#target.value.replace(/\s+$/, "");
    this.#put(before ? `${before}\n${sn}\n` : `${sn}\n`);
    this.#count += 1;
    beep(880);
    this.#say("taken", sn);
    this.#shown();
  }

  #put(value: string): void {
    this.#target.value = value;
    this.#target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #shown(): void {
    const count = this.#box.querySelector<HTMLElement>("[data-number]");
    if (!count) return;
    count.hidden = !this.#many;
    count.textContent = (this.#box.getAttribute("data-count") ?? "").replace("{}", String(this.#count));
  }

  #end(ended: AbortController): void {
    ended.abort();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
    this.#target.focus();
  }
}

/** Opens the camera for the field that a button names. */
export async function scanInto(button: HTMLElement): Promise<void> {
  const target = document.getElementById(button.dataset["scan"] ?? "");
  const box = document.getElementById("scan");
  if (!(box instanceof HTMLDialogElement) || box.open) return;
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return;
  await new Scanning(box, target).run();
}
