// Scrolls through the frames of the study that the page holds as JSON. Nothing is asked for from elsewhere.
function startViewer() {
  "use strict";
  const AHEAD = 12, AT_FIRST = 16, WHEEL_STEP = 40; // pictures decoded before they are wanted; pixels of the wheel for a frame
  const viewer = document.getElementById("viewer"), study = JSON.parse(document.getElementById("study").textContent);
  const part = (name) => viewer.querySelector(`[data-part="${name}"]`);
  const slider = part("slider"), caption = part("caption"), opacity = part("opacity"), count = study.captions.length;
  let now = -1, forward = 1, asked = false;

  viewer.hidden = false;
  document.documentElement.classList.add("moving");
  const pictures = makePictures(viewer, study, ask);
  pictures.fetch(study.start); // decoded while the rest is made
  const along = makeAlong(viewer, study, ask, go);

  function draw() {
    asked = false;
    const complete = pictures.draw(now);
    along.draw(now);
    if (!complete) return;
    viewer.dataset.shown = now + 1;
    if (!viewer.dataset.ready) {
      viewer.dataset.ready = Math.round(performance.now());
      setTimeout(() => fetchAround(now, AT_FIRST, [1, -1]), 0); // so that the first look through waits for nothing
    }
    fetchAround(now, AHEAD, [forward]);
  }

  // Decodes pictures before they are wanted, the nearest first.
  function fetchAround(here, far, ways) {
    for (let i = 1; i <= far; i += 1) {
      for (const way of ways) if (here + i * way >= 0 && here + i * way < count) pictures.fetch(here + i * way);
    }
  }

  function ask() {
    if (asked || now < 0) return;
    asked = true;
    requestAnimationFrame(draw);
  }

  function go(index) {
    const there = Math.max(0, Math.min(count - 1, index));
    if (there === now) return;
    forward = there < now ? -1 : 1;
    now = there;
    slider.value = now + 1;
    slider.setAttribute("aria-valuetext", study.captions[now]);
    caption.textContent = study.captions[now];
    ask();
  }

  function goAndLook(index) {
    go(index);
    const place = pictures.canvases[0].getBoundingClientRect();
    if (place.top < 0 || place.bottom > innerHeight) viewer.scrollIntoView({ block: "start" });
  }

  // ---- switches
  const choices = { window: part("window"), heat: part("heat") }, overlays = { ring: part("ring"), unsure: part("unsure") };
  for (const input of [...pictures.switches, ...Object.values(choices), ...Object.values(overlays), opacity]) if (input) input.addEventListener("input", ask);
  slider.max = count;
  slider.addEventListener("input", () => go(slider.value - 1));
  part("before").addEventListener("click", () => go(now - 1));
  part("after").addEventListener("click", () => go(now + 1));

  function turn(select) {
    if (!select) return;
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    ask();
  }

  function outlinesOnOff() {
    const on = pictures.switches.some((input) => input.checked);
    pictures.switches.forEach((input) => { input.checked = !on; });
    ask();
  }

  function onOff(input) {
    if (!input) return;
    input.checked = !input.checked;
    ask();
  }

  function fade(by) {
    opacity.value = Number(opacity.value) + by;
    ask();
  }

  const keys = {
    ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1), c: outlinesOnOff, h: () => turn(choices.heat), w: () => turn(choices.window),
    r: () => onOff(overlays.ring), u: () => onOff(overlays.unsure),
    "+": () => fade(10), "-": () => fade(-10),
  };
  const keysOnPicture = {
    ...keys, ArrowDown: () => go(now + 1), ArrowUp: () => go(now - 1), PageDown: () => go(now + 10), PageUp: () => go(now - 10),
    Home: () => go(0), End: () => go(count - 1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select")) return;
    if (event.target.type === "range" && event.key.length > 1) return; // a slider moves by the arrows itself
    const act = (event.target.tagName === "CANVAS" ? keysOnPicture : keys)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // ---- mouse and finger
  let turned = 0;
  for (const canvas of pictures.canvases) {
    let from = null;
    canvas.addEventListener("wheel", (event) => {
      const beyond = now + Math.sign(event.deltaY);
      if (beyond < 0 || beyond >= count) return; // at the end the page itself moves on
      event.preventDefault();
      turned += event.deltaY;
      const by = Math.trunc(turned / WHEEL_STEP);
      turned -= by * WHEEL_STEP;
      if (by) go(now + by);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { from = [event.clientX, now]; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (from) go(from[1] + Math.round(((event.clientX - from[0]) / canvas.clientWidth) * Math.min(count, 100)));
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
  }

  // ---- what is wider than a phone says so
  function tellWidths() {
    for (const hint of document.querySelectorAll(".swipe")) {
      const box = hint.previousElementSibling;
      hint.classList.toggle("needed", box.scrollWidth > box.clientWidth + 1);
    }
  }

  window.addEventListener("resize", () => { ask(); tellWidths(); });
  document.addEventListener("toggle", tellWidths, true); // a table that is unfolded
  tellWidths();
  go(study.start);
  linkNumbers(study, goAndLook);
}
startViewer();
