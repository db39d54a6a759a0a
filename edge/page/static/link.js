// The one WebSocket. It is open only while somebody listens and the page is seen, so that a page
// that nobody watches costs the device nothing.

const RETRY_FIRST = 500; // milliseconds
const RETRY_MOST = 8000;
const LOGIN_NEEDED = 4401;

/** Passes on what the device tells, by type; binary messages come as "picture". */
export class Link {
  #listeners = new Set();
  #socket = null;
  #retry = RETRY_FIRST;
  #timer = 0;
  #isPictureWanted = false;
  #frame = null;

  /** Start closed; `whenOut` is called where a login is needed. */
  constructor(whenOut) {
    this.whenOut = whenOut;
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** Listen; handlers are functions by type of message. Returns a function that ends it. */
  listen(handlers) {
    this.#listeners.add(handlers);
    this.#look();
    return () => {
      this.#listeners.delete(handlers);
      this.#look();
    };
  }

  /** Ask for pictures, or for no more of them. */
  wantPicture(isWanted) {
    this.#isPictureWanted = isWanted;
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "picture", wanted: isWanted }));
    }
  }

  #look() {
    const isWanted = this.#listeners.size > 0 && !document.hidden;
    if (isWanted && !this.#socket) this.#open();
    else if (!isWanted) this.#close();
  }

  #open() {
    clearTimeout(this.#timer);
    const address = new URL(`api/live?picture=${this.#isPictureWanted ? 1 : 0}`, document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "blob";
    socket.onopen = () => { this.#retry = RETRY_FIRST; this.#tell("link", { isUp: true }); };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#read(data) : this.#show(data));
    socket.onclose = ({ code }) => this.#lost(socket, code);
    this.#socket = socket;
  }

  #close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#tell("link", { isUp: false });
    if (code === LOGIN_NEEDED) {
      this.whenOut();
      return;
    }
    this.#timer = setTimeout(() => this.#look(), this.#retry * (0.5 + Math.random()));
    this.#retry = Math.min(2 * this.#retry, RETRY_MOST);
  }

  #read(text) {
    const message = JSON.parse(text);
    if (message.type === "frame" && message.jpeg) this.#frame = message; // waits for its picture
    else this.#tell(message.type, message);
  }

  async #show(blob) {
    const frame = this.#frame;
    this.#frame = null;
    if (!frame) return;
    const picture = await createImageBitmap(blob).catch(() => null);
    this.#tell("frame", { ...frame, picture });
    picture?.close();
  }

  #tell(type, message) {
    for (const handlers of [...this.#listeners]) handlers[type]?.(message);
  }
}
