// What scan.ts uses of zxing-wasm's reader; .ci/frontend puts the package's own file in this place.
export interface ReadResult {
  text: string;
  isValid: boolean;
}

export function prepareZXingModule(options: { overrides: { locateFile(file: string): string }; fireImmediately: true }): Promise<unknown>;

export function readBarcodes(
  image: ImageData,
  options: { formats: string[]; tryHarder: boolean; maxNumberOfSymbols: number },
): Promise<ReadResult[]>;
