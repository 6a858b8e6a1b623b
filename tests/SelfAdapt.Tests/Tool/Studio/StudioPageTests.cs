using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Files.Images;
using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Tests.Tool.Viewer;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The whole job in a real browser, as a user does it: clicks, drags and keys.</summary>
[TestClass]
internal sealed class StudioPageTests : IDisposable
{
    private StudioPage _page = null!;

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public async Task Start() => _page = await StudioPage.StartAsync();

    public void Dispose() => _page?.Dispose();

    [TestMethod]
    public async Task WholeJob_FromTheFolderToTheMasks()
    {
        Stopwatch watch = Stopwatch.StartNew();
        using StudioProcess studio = new(_page.Images);
        await _page.OpenAsync(studio.Address);

        await _page.ClickAsync("#segment");
        await _page.WaitAsync("document.querySelector('#found table')");
        await _page.Browser.PressAsync("ArrowDown");
        await _page.WaitAsync("document.getElementById('name').textContent === 'nuclei_2.tif'");

        await _page.GoAsync("Set up");
        await _page.WaitAsync("document.getElementById('draw')");
        await _page.ClickAsync("#draw");
        (double x, double y, double scale) = await _page.PictureAsync();
        await _page.Browser.DragAsync((x - (11 * scale), y), (x + (11 * scale), y));
        await _page.WaitAsync("document.getElementById('diameter').value > 20");
        double diameter = await _page.NumberAsync("Number(document.getElementById('diameter').value)");
        Assert.AreEqual(22, diameter, 0.5, "a line of 22 px was drawn");
        await _page.WaitAsync($"fetch('/api/state').then(r => r.json()).then(s => s.setup.diameter === {StudioPage.Text(diameter)})");
        await _page.ClickAsync("#preview");
        await _page.WaitAsync("document.getElementById('previewed').textContent.includes('cells in')");

        await _page.GoAsync("Adapt");
        await AdaptAsync(iterations: 20);
        await _page.WaitAsync("/after step/.test(document.getElementById('right').textContent)");
        await _page.Browser.EvaluateAsync("location.reload()");
        await _page.WaitAsync("document.getElementById('phase') && /running|done/.test(document.getElementById('phase').textContent)");
        await _page.WaitAsync("/done/.test(document.getElementById('phase').textContent)");
        Assert.AreEqual("20 / 20", await _page.TextAsync("document.querySelector('#figures b').textContent"));

        await _page.GoAsync("Decide");
        await _page.WaitAsync("document.querySelectorAll('#change .figures b').length === 4");
        double before = await _page.NumberAsync("Number(document.getElementById('border').value)");
        await _page.Browser.EvaluateAsync("document.activeElement.blur()");
        await _page.Browser.PressAsync(" ", " ");
        Assert.AreNotEqual(before, await _page.NumberAsync("Number(document.getElementById('border').value)"), "space turns before to after");
        await _page.ClickAsync("tr[data-step='20']");
        await _page.WaitAsync("document.getElementById('accept').textContent.includes('step 20')");
        await _page.WaitAsync("/after step 20/.test(document.getElementById('right').textContent)");
        double promised = await _page.NumberAsync("import('/page/app.js').then(m => m.studio.right.cells.length)");
        await _page.ClickAsync("#accept");
        await _page.WaitAsync("/after step 20/.test(document.getElementById('accepted').textContent)");

        await _page.Browser.EvaluateAsync("confirm = () => true");
        if (await _page.NumberAsync("document.querySelectorAll('#clear-snapshots').length") > 0)
        {
            await _page.ClickAsync("#clear-snapshots");
            await _page.WaitAsync("!document.getElementById('clear-snapshots') && document.querySelector(\"tr[data-step='20']\")");
        }

        await _page.GoAsync("Use");
        await _page.WaitAsync("document.getElementById('export-bioimageio')");
        await _page.ClickAsync("#export-bioimageio");
        await _page.WaitAsync("document.querySelector('#exports a')");
        await _page.ClickAsync("#segment-all");
        await _page.WaitAsync($"/done, {StudioPage.Count} of {StudioPage.Count}/.test(document.querySelector('#batches .note')?.textContent)");
        string project = _page.Project;
        string package = Directory.GetFiles(Path.Combine(project, "models", "exports"), "*.zip").Single();
        Assert.IsTrue(PackageCheck.IsPackage(package), "the export is a package");
        Assert.AreEqual(
            promised,
            CellGeometry.Count(LabelFile.Read(Path.Combine(project, "runs", "segment-1", "nuclei_2_cp_masks.tif"))),
            "the folder's masks are those that were decided on");

        if (WebRuntime.Find() is not null)
        {
            await _page.ClickAsync("#try");
            await _page.WaitAsync("/found in this browser/.test(document.getElementById('tried').textContent)");
            Assert.AreEqual(promised, await _page.NumberAsync("import('/page/app.js').then(m => m.studio.right.cells.length)"));
        }

        await _page.EveryControlHasANameAsync();
        TestContext.WriteLine($"{watch.Elapsed.TotalSeconds:0} s");
    }

    [TestMethod]
    public async Task Killed_InTheMiddle_TheRunGoesOnAndANewStudioShowsIt()
    {
        using (StudioProcess first = new(_page.Images))
        {
            await _page.OpenAsync(first.Address);
            await _page.GoAsync("Adapt");
            await AdaptAsync(iterations: 60);
            await _page.WaitAsync("parseInt(document.querySelector('#figures b')?.textContent) >= 1");
            first.Kill();
        }

        string log = Path.Combine(_page.Project, "runs", "adapt-1", "run.jsonl");
        long reached = new FileInfo(log).Length;
        using StudioProcess second = new(_page.Images);
        await _page.OpenAsync(second.Address);
        await _page.GoAsync("Adapt");
        await _page.WaitAsync("/running|done/.test(document.getElementById('phase')?.textContent)");
        await _page.WaitAsync($"fetch('/api/state').then(r => r.json()).then(s => s.jobs[0].log_bytes > {reached})");

        if (await _page.TextAsync("document.getElementById('phase').textContent.trim()") == "running")
        {
            await _page.ClickAsync("#do-pause");
            await _page.WaitAsync("/paused|done/.test(document.getElementById('phase').textContent)");
        }

        if (await _page.TextAsync("document.getElementById('phase').textContent.trim()") == "paused")
        {
            await _page.ClickAsync("#do-resume");
            await _page.WaitAsync("/running/.test(document.getElementById('phase').textContent)");
            await _page.WaitAsync("document.getElementById('do-keep')");
            await _page.ClickAsync("#do-keep");
        }

        await _page.WaitAsync("/stopped|done/.test(document.getElementById('phase').textContent)");
        await _page.GoAsync("Decide");
        await _page.WaitAsync("document.querySelector('#change .figures')");
        await _page.ClickAsync("#keep-original, #accept");
        await _page.WaitAsync("/Decided/.test(document.getElementById('accepted').textContent)");
    }

    [TestMethod]
    public async Task OddImages_AreShown_OrSayWhyNot()
    {
        File.WriteAllText(Path.Combine(_page.Images, "nuclei_0.png"), "no picture");
        File.WriteAllBytes(
            Path.Combine(_page.Images, "stack.tif"),
            TiffWriter.Encode(
                SampleKind.UInt8, 6, 8, 1, [.. Enumerable.Range(0, 48).Select(i => (byte)(i * 5))],
                "ImageJ=1.11a\nimages=6\nslices=2\nframes=3\nhyperstack=true\n"));
        using StudioProcess studio = new(_page.Images);
        await _page.Browser.OpenAsync(studio.Address);
        await _page.WaitAsync("/nuclei_0.png: /.test(document.getElementById('unreadable').textContent)");
        foreach (string step in (string[])["Set up", "Strokes", "Decide", "Use", "Adapt", "Look"])
        {
            await _page.GoAsync(step);
            await _page.ClickAsync("#images li:nth-child(2) button");
            await _page.WaitAsync("document.getElementById('unreadable').hidden && document.getElementById('name').textContent === 'nuclei_1.tif'");
            await _page.ClickAsync("#images li:nth-child(1) button");
            await _page.WaitAsync("document.getElementById('unreadable').hidden === false");
        }

        // Depth and time have sliders of their own; a plane is found by both.
        await _page.ClickAsync("#images li:nth-child(6) button");
        await _page.WaitAsync("document.getElementById('plane-z') && document.getElementById('plane-t').max === '2'");
        foreach ((string slider, int value, int plane) in ((string, int, int)[])[("t", 2, 4), ("z", 1, 5), ("t", 0, 1)])
        {
            await _page.Browser.EvaluateAsync(
                $"(e => {{ e.value = {value}; e.dispatchEvent(new Event('change')); }})(document.getElementById('plane-{slider}'))");
            await _page.WaitAsync($"import('/page/app.js').then(m => m.studio.plane === {plane} && m.studio.pixels.levels[0].planes[0][0] === {plane * 40})");
        }
    }

    [TestMethod]
    public async Task WithoutAFolder_ThePageAsksForOne()
    {
        using StudioProcess studio = new(null);
        await _page.Browser.OpenAsync(studio.Address);
        await _page.WaitAsync("document.getElementById('welcome')?.hidden === false");
        await OpenInPageAsync(Path.Combine(_page.Images, "absent"));
        await _page.WaitAsync("document.getElementById('status').textContent.includes('is no folder')");
        await OpenInPageAsync(_page.Images);
        await _page.WaitAsync("document.querySelectorAll('#images img[src]').length === 4");

        async Task OpenInPageAsync(string folder) => await _page.Browser.EvaluateAsync(
            $"document.getElementById('path').value = {JsonValue.Create(folder).ToJsonString()}; document.querySelector('#open button').click()");
    }

    private async Task AdaptAsync(int iterations)
    {
        foreach ((string option, string value) in ((string, string)[])
            [("--iterations", StudioPage.Text(iterations)), ("--batch-size", "1"), ("--crop", "64"), ("--stop", "none")])
        {
            await _page.Browser.EvaluateAsync(
                $"(e => {{ e.value = '{value}'; e.dispatchEvent(new Event('change')); }})(document.getElementById('{option}'))");
        }

        await _page.ClickAsync("#start");
    }
}
