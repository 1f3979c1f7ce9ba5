// Turns the surfaces that the page holds as JSON, by mouse, finger, keys and buttons. Without WebGL the pictures of the page remain.
function startMesh() {
  "use strict";
  const STEP = Math.PI / 24, CLOSER = 1.25, MOST_PIXELS = 2, QUICK_MS = 8, QUIET_MS = 150, START = { turn: 0.5, roll: -0.35, zoom: 1 };
  const figure = document.getElementById("turning"), held = document.getElementById("mesh");
  if (!figure || !held) return;
  const canvas = figure.querySelector("canvas"), gl = canvas.getContext("webgl", { alpha: false, antialias: true });
  if (!gl) return;
  const mesh = JSON.parse(held.textContent), [width, height, length] = mesh.size, viewer = document.getElementById("viewer");
  const reach = Math.hypot(width, height), view = { ...START };
  let asked = false, isQuick = false, pause = 0;

  const VERTEX = `attribute vec3 point, normal; attribute float kind; uniform mat3 turned; uniform vec3 size, scale;
    varying float facing, kinds, along;
    void main() {
      vec3 place = turned * ((point - 0.5) * size);
      facing = normalize(turned * normal).z; kinds = kind; along = point.z;
      gl_Position = vec4(place.xy * scale.xy, -place.z * scale.z, 1.0);
    }`;
  const FRAGMENT = `precision mediump float; uniform vec3 first, second; uniform float opacity, now, half_frame;
    varying float facing, kinds, along;
    void main() {
      vec3 colour = mix(first, second, step(0.5, kinds)) * (0.35 + 0.65 * abs(facing));
      if (abs(along - now) < half_frame) colour = mix(colour, vec3(0.0, 0.35, 0.75), 0.75);
      gl_FragColor = vec4(colour, opacity);
    }`;

  function program() {
    const made = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    return gl.getProgramParameter(made, gl.LINK_STATUS) ? made : null;
  }

  const shown = program();
  if (!shown) return;
  gl.useProgram(shown);
  const uniform = (name) => gl.getUniformLocation(shown, name), bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);

  // Of each point, the sum of the normals of its triangles, each as long as twice the triangle's area.
  function normals(points, triangles) {
    const found = new Float32Array(points.length), at = (point, axis) => (points[3 * point + axis] / 65535) * mesh.size[axis];
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = triangles.subarray(t, t + 3);
      const [u, v] = [b, c].map((corner) => [0, 1, 2].map((axis) => at(corner, axis) - at(a, axis)));
      const n = [0, 1, 2].map((axis) => u[(axis + 1) % 3] * v[(axis + 2) % 3] - u[(axis + 2) % 3] * v[(axis + 1) % 3]);
      for (const corner of [a, b, c]) for (let axis = 0; axis < 3; axis += 1) found[3 * corner + axis] += n[axis];
    }
    return found;
  }

  function buffer(values, target = gl.ARRAY_BUFFER) {
    const made = gl.createBuffer();
    gl.bindBuffer(target, made);
    gl.bufferData(target, values, gl.STATIC_DRAW);
    return made;
  }

  const parts = mesh.parts.map((part) => {
    const points = new Uint16Array(bytes(part.points).buffer), triangles = new Uint16Array(bytes(part.triangles).buffer);
    return {
      colours: part.colours.map(rgb), opacity: part.opacity, count: triangles.length, corners: buffer(triangles, gl.ELEMENT_ARRAY_BUFFER),
      arrays: [["point", buffer(points), 3, gl.UNSIGNED_SHORT, true], ["normal", buffer(normals(points, triangles)), 3, gl.FLOAT, false],
        ["kind", buffer(bytes(part.kinds)), 1, gl.UNSIGNED_BYTE, false]],
    };
  });

  // Lying along the picture, seen from 0 degrees, rolled about its length, then turned; column after column.
  function turned() {
    const [s, c] = [Math.sin(view.turn), Math.cos(view.turn)], [sr, cr] = [Math.sin(view.roll), Math.cos(view.roll)];
    const rows = [[s * cr, s * -sr, c], [-sr, -cr, 0], [c * cr, c * -sr, -s]];
    return [0, 1, 2].flatMap((column) => rows.map((row) => row[column]));
  }

  function draw() {
    asked = false;
    const pixels = Math.min(window.devicePixelRatio || 1, MOST_PIXELS), now = Number(viewer.dataset.shown) - 1;
    canvas.width = Math.round(canvas.clientWidth * pixels);
    canvas.height = Math.round(canvas.clientHeight * pixels);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(1, 1, 1, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.CULL_FACE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    const fit = view.zoom * Math.min(1.9 / length, (1.9 * canvas.height) / canvas.width / reach), deep = 1 / (length + reach);
    gl.uniform3f(uniform("scale"), fit, (fit * canvas.width) / canvas.height, deep);
    gl.uniform3f(uniform("size"), ...mesh.size);
    gl.uniformMatrix3fv(uniform("turned"), false, turned());
    gl.uniform1f(uniform("now"), (mesh.first_mm + now * mesh.frame_mm) / length);
    gl.uniform1f(uniform("half_frame"), now < 0 ? -1 : Math.max(mesh.frame_mm / 2, length / 250) / length);
    for (const part of parts) {
      gl.cullFace(part.opacity < 1 ? gl.FRONT : gl.BACK); // of what is seen through the far half alone, so that it veils nothing
      gl.depthMask(part.opacity === 1);
      gl.uniform1f(uniform("opacity"), part.opacity);
      gl.uniform3f(uniform("first"), ...part.colours[0]);
      gl.uniform3f(uniform("second"), ...part.colours[1]);
      for (const [name, array, count, type, whole] of part.arrays) {
        const place = gl.getAttribLocation(shown, name);
        gl.bindBuffer(gl.ARRAY_BUFFER, array);
        gl.enableVertexAttribArray(place);
        gl.vertexAttribPointer(place, count, type, whole, 0, 0);
      }
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.corners);
      gl.drawElements(gl.TRIANGLES, part.count, gl.UNSIGNED_SHORT, 0);
    }
    gl.depthMask(true);
    canvas.dataset.drawn = Number(canvas.dataset.drawn || 0) + 1;
  }

  // What a drawing takes until it is there: drawn without a graphics card it would hold up every frame.
  function timed() {
    const begun = performance.now();
    draw();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    isQuick = performance.now() - begun < QUICK_MS;
  }

  // Another frame is on view: at once where that is quick, else when the frames rest.
  function follow() {
    clearTimeout(pause);
    if (isQuick) ask(); else pause = setTimeout(ask, QUIET_MS);
  }

  function ask() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  }

  function move(turn, roll, zoom = 1) {
    view.turn += turn;
    view.roll += roll;
    view.zoom = Math.min(12, Math.max(0.5, view.zoom * zoom));
    ask();
  }

  const acts = {
    ArrowLeft: () => move(-STEP, 0), ArrowRight: () => move(STEP, 0), ArrowUp: () => move(0, -STEP), ArrowDown: () => move(0, STEP),
    "+": () => move(0, 0, CLOSER), "-": () => move(0, 0, 1 / CLOSER), Home: () => { Object.assign(view, START); ask(); },
  };
  for (const button of figure.querySelectorAll("[data-key]")) button.addEventListener("click", acts[button.dataset.key]);
  canvas.addEventListener("keydown", (event) => {
    event.stopPropagation(); // here the arrows turn; elsewhere they go to the next frame
    if (event.ctrlKey || event.altKey || event.metaKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  let from = null;
  canvas.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    move((event.clientX - from[0]) / 120, (event.clientY - from[1]) / 120);
    from = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
  canvas.addEventListener("webglcontextlost", () => { figure.hidden = true; }); // the pictures below say the same
  figure.hidden = false;
  window.addEventListener("resize", ask);
  new MutationObserver(follow).observe(viewer, { attributeFilter: ["data-shown"] });
  draw();
  requestAnimationFrame(timed); // the second one: the first also compiles
}

// After the frame that the page opens with, which is on the first screen.
function whenReady(begin) {
  "use strict";
  const viewer = document.getElementById("viewer"), later = window.requestIdleCallback || ((act) => setTimeout(act, 100));
  if (viewer.dataset.ready) { later(begin); return; }
  new MutationObserver((_, watch) => { watch.disconnect(); later(begin); }).observe(viewer, { attributeFilter: ["data-ready"] });
}
whenReady(startMesh);
