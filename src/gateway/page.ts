/** A file of the chat page, as it is served. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same, gzipped, where that is smaller. */
  readonly zipped: Uint8Array<ArrayBuffer> | undefined
  /** `Content-Type`. */
  readonly type: string
  readonly etag: string
}

/** Where the chat page comes from. */
export interface Page {
  /** Its files by path: `/index.html`, `/assets/…`. The same map each time; rejects when the page cannot be built. */
  files(): Promise<ReadonlyMap<string, PageFile>>
}
