// Files chosen with a click, or dropped anywhere on the page, folders too: sorted by what the page takes, sent one after
// the other, and named to Python, which adds them. Gradio runs this with `element`, the part, and `trigger`.
const { kinds, most, largest } = element.querySelector(".adding").dataset;
const input = element.querySelector("input[type=file]");
const sending = element.querySelector(".sending");
const LOOKED_AT = 5000; // files of a dropped folder

const ending = (name) => name.match(/.\.[^.]*$/)?.[0].slice(1).toLowerCase() ?? "";
const isHidden = (name) => name.startsWith(".") || name.startsWith("~$");

async function add(files) {
  document.querySelector("[data-event=show][data-view=documents]").click(); // where it is seen what becomes of them
  const read = files.filter(({ name }) => kinds.split(" ").includes(ending(name)));
  const unread = files.filter((each) => !read.includes(each));
  const large = read.filter(({ file }) => file.size > Number(largest));
  const taken = read.filter((each) => !large.includes(each));
  const many = taken.length > Number(most) ? taken.length : 0;
  const [sent, unsent] = [[], []];
  for (const each of many ? [] : taken) {
    try {
      sent.push({ name: each.name, path: await send(each) });
    } catch {
      unsent.push(each);
    }
  }
  const names = (some) => some.map(({ name }) => name);
  trigger("arrive", { files: sent, large: names(large), unread: names(unread), unsent: names(unsent), many });
}

// The place at which the server has the file until it is added; the name goes with it, and names nothing there.
function send({ name, file }) {
  const row = Object.assign(document.createElement("li"), { className: "arriving" });
  const share = Object.assign(document.createElement("progress"), { max: 1, value: 0, ariaLabel: `Sending ${name}` });
  row.append(Object.assign(document.createElement("span"), { textContent: name }), share);
  sending.append(row);
  const body = new FormData();
  const own = `${Date.now()}-${Math.random()}`; // the server keeps files by content and name, and this is deleted there
  body.append("files", file, own);
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL("gradio_api/upload", document.baseURI));
    request.upload.onprogress = (event) => (share.value = event.loaded / event.total);
    request.onload = () => (request.status === 200 ? done(JSON.parse(request.responseText)[0]) : failed());
    request.onerror = failed;
    request.send(body);
  }).finally(() => row.remove());
}

// The files of what was dropped, a folder's under their path within it; hidden ones are not asked for.
async function dropped(items) {
  const given = items.map((item) => [item.webkitGetAsEntry(), item.getAsFile()]); // both before any wait, which ends them
  const files = given.filter(([entry]) => !entry).map(([, file]) => ({ name: file.name, file }));
  const entries = given.map(([entry]) => entry).filter(Boolean);
  while (entries.length && files.length < LOOKED_AT) {
    const entry = entries.shift();
    if (entry.isFile) {
      const file = await new Promise((done) => entry.file(done, () => done(new File([], entry.name))));
      files.push({ name: entry.fullPath.replace(/^\//, ""), file });
    } else {
      const reader = entry.createReader();
      for (let more = [null]; more.length; entries.push(...more.filter((each) => each && !isHidden(each.name)))) {
        more = await new Promise((done) => reader.readEntries(done, () => done([])));
      }
    }
  }
  return files;
}

input.addEventListener("change", () => {
  add(Array.from(input.files, (file) => ({ name: file.name, file })));
  input.value = "";
});

const overlay = Object.assign(document.createElement("div"), { className: "dropping", hidden: true });
overlay.append(Object.assign(document.createElement("p"), { textContent: "Drop files to add them" }));
document.body.append(overlay);

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
const on = (type, act) => window.addEventListener(type, act, true);
for (const type of ["dragenter", "dragover"]) {
  on(type, (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    overlay.hidden = false;
  });
}
on("dragleave", (event) => {
  if (!event.relatedTarget) overlay.hidden = true; // out of the window
});
on("drop", async (event) => {
  overlay.hidden = true;
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  const items = Array.from(event.dataTransfer.items).filter((item) => item.kind === "file");
  add(await dropped(items));
});
