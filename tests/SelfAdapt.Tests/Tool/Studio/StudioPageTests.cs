using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Tests.Tool.Viewer;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The whole job in a real browser, as a user does it: clicks, drags and keys.</summary>
[TestClass]
internal sealed class StudioPageTests : IDisposable
{
    private const int Images = 4;
    private const int Side = 128;

    private readonly string _images = Directory.CreateTempSubdirectory("selfadapt-studio-").FullName;

    private Browser _browser = null!;

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public async Task Start()
    {
        OpenStudio.WriteImages(_images, Images, Side);
        _browser = await Browser.StartAsync();
    }

    public void Dispose()
    {
        _browser?.Dispose();
        StopRuns();
        Directory.Delete(_images, recursive: true);
    }

    [TestMethod]
    public async Task WholeJob_FromTheFolderToTheMasks()
    {
        Stopwatch watch = Stopwatch.StartNew();
        using StudioProcess studio = new(_images);
        await OpenAsync(studio.Address);

        await ClickAsync("#segment");
        await WaitAsync("document.querySelector('#found table')");
        await _browser.PressAsync("ArrowDown");
        await WaitAsync("document.getElementById('name').textContent === 'nuclei_2.tif'");

        await GoAsync("Set up");
        await WaitAsync("document.getElementById('draw')");
        await ClickAsync("#draw");
        (double x, double y, double scale) = await PictureAsync();
        await _browser.DragAsync((x - (11 * scale), y), (x + (11 * scale), y));
        await WaitAsync("document.getElementById('diameter').value > 20");
        double diameter = await NumberAsync("Number(document.getElementById('diameter').value)");
        Assert.AreEqual(22, diameter, 0.5, "a line of 22 px was drawn");
        await WaitAsync($"fetch('/api/state').then(r => r.json()).then(s => s.setup.diameter === {Text(diameter)})");
        await ClickAsync("#preview");
        await WaitAsync("document.getElementById('previewed').textContent.includes('cells in')");

        await GoAsync("Adapt");
        await AdaptAsync(iterations: 20);
        await WaitAsync("/after step/.test(document.getElementById('right').textContent)");
        await _browser.EvaluateAsync("location.reload()");
        await WaitAsync("document.getElementById('phase') && /running|done/.test(document.getElementById('phase').textContent)");
        await WaitAsync("/done/.test(document.getElementById('phase').textContent)");
        Assert.AreEqual("20 / 20", await TextAsync("document.querySelector('#figures b').textContent"));

        await GoAsync("Decide");
        await WaitAsync("document.querySelectorAll('#change .figures b').length === 4");
        double before = await NumberAsync("Number(document.getElementById('border').value)");
        await _browser.EvaluateAsync("document.activeElement.blur()");
        await _browser.PressAsync(" ", " ");
        Assert.AreNotEqual(before, await NumberAsync("Number(document.getElementById('border').value)"), "space turns before to after");
        await ClickAsync("tr[data-step='20']");
        await WaitAsync("document.getElementById('accept').textContent.includes('step 20')");
        await WaitAsync("/after step 20/.test(document.getElementById('right').textContent)");
        double promised = await NumberAsync("import('/page/app.js').then(m => m.studio.right.cells.length)");
        await ClickAsync("#accept");
        await WaitAsync("/after step 20/.test(document.getElementById('accepted').textContent)");

        await GoAsync("Use");
        await WaitAsync("document.getElementById('export-bioimageio')");
        await ClickAsync("#export-bioimageio");
        await WaitAsync("document.querySelector('#exports a')");
        await ClickAsync("#segment-all");
        await WaitAsync($"/done, {Images} of {Images}/.test(document.querySelector('#batches .note')?.textContent)");
        string project = Path.Combine(_images, "selfadapt-studio");
        string package = Directory.GetFiles(Path.Combine(project, "models", "exports"), "*.zip").Single();
        Assert.IsTrue(PackageCheck.IsPackage(package), "the export is a package");
        Assert.AreEqual(
            promised,
            CellGeometry.Count(LabelFile.Read(Path.Combine(project, "runs", "segment-1", "nuclei_2_cp_masks.tif"))),
            "the folder's masks are those that were decided on");

        if (WebRuntime.Find() is not null)
        {
            await ClickAsync("#try");
            await WaitAsync("/found in this browser/.test(document.getElementById('tried').textContent)");
            Assert.AreEqual(promised, await NumberAsync("import('/page/app.js').then(m => m.studio.right.cells.length)"));
        }

        await EveryControlHasANameAsync();
        TestContext.WriteLine($"{watch.Elapsed.TotalSeconds:0} s");
    }

    [TestMethod]
    public async Task Killed_InTheMiddle_TheRunGoesOnAndANewStudioShowsIt()
    {
        using (StudioProcess first = new(_images))
        {
            await OpenAsync(first.Address);
            await GoAsync("Adapt");
            await AdaptAsync(iterations: 60);
            await WaitAsync("document.querySelector('#figures b')?.textContent.startsWith('1')");
            first.Kill();
        }

        string log = Path.Combine(_images, "selfadapt-studio", "runs", "adapt-1", "run.jsonl");
        long reached = new FileInfo(log).Length;
        using StudioProcess second = new(_images);
        await OpenAsync(second.Address);
        await GoAsync("Adapt");
        await WaitAsync("/running|done/.test(document.getElementById('phase')?.textContent)");
        await WaitAsync($"fetch('/api/state').then(r => r.json()).then(s => s.jobs[0].log_bytes > {reached})");

        if (await TextAsync("document.getElementById('phase').textContent.trim()") == "running")
        {
            await ClickAsync("#do-pause");
            await WaitAsync("/paused|done/.test(document.getElementById('phase').textContent)");
        }

        if (await TextAsync("document.getElementById('phase').textContent.trim()") == "paused")
        {
            await ClickAsync("#do-resume");
            await WaitAsync("/running/.test(document.getElementById('phase').textContent)");
            await WaitAsync("document.getElementById('do-keep')");
            await ClickAsync("#do-keep");
        }

        await WaitAsync("/stopped|done/.test(document.getElementById('phase').textContent)");
        await GoAsync("Decide");
        await WaitAsync("document.querySelector('#change .figures')");
        await ClickAsync("#keep-original, #accept");
        await WaitAsync("/Decided/.test(document.getElementById('accepted').textContent)");
    }

    [TestMethod]
    public async Task WithoutAFolder_ThePageAsksForOne()
    {
        using StudioProcess studio = new(null);
        await _browser.OpenAsync(studio.Address);
        await WaitAsync("document.getElementById('welcome')?.hidden === false");
        await OpenInPageAsync(Path.Combine(_images, "absent"));
        await WaitAsync("document.getElementById('status').textContent.includes('is no folder')");
        await OpenInPageAsync(_images);
        await WaitAsync("document.querySelectorAll('#images img[src]').length === 4");

        async Task OpenInPageAsync(string folder) => await _browser.EvaluateAsync(
            $"document.getElementById('path').value = {JsonValue.Create(folder).ToJsonString()}; document.querySelector('#open button').click()");
    }

    private static string Text(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task OpenAsync(string address)
    {
        await _browser.OpenAsync(address);
        await WaitAsync("document.querySelectorAll('#images img[src]').length === 4 && document.getElementById('facts').textContent");
    }

    private async Task AdaptAsync(int iterations)
    {
        foreach ((string option, string value) in ((string, string)[])
            [("--iterations", Text(iterations)), ("--batch-size", "1"), ("--crop", "64"), ("--stop", "none")])
        {
            await _browser.EvaluateAsync(
                $"(e => {{ e.value = '{value}'; e.dispatchEvent(new Event('change')); }})(document.getElementById('{option}'))");
        }

        await ClickAsync("#start");
    }

    /// <summary>The middle of the picture on the screen, and screen pixels per image pixel.</summary>
    private async Task<(double X, double Y, double Scale)> PictureAsync()
    {
        JsonNode box = (await _browser.EvaluateAsync(
            "(r => ({ x: r.x + r.width / 2, y: r.y + r.height / 2, least: Math.min(r.width, r.height) }))(document.getElementById('canvas').getBoundingClientRect())"))!;
        return ((double)box["x"]!, (double)box["y"]!, (double)box["least"]! * 0.97 / Side);
    }

    /// <summary>Leaves a page, on which every control must have a name for screen readers, for another.</summary>
    private async Task GoAsync(string step)
    {
        await EveryControlHasANameAsync();
        await _browser.EvaluateAsync(
            $"[...document.querySelectorAll('#steps button')].find(b => b.textContent.includes('{step}')).click()");
    }

    private async Task EveryControlHasANameAsync() => Assert.AreEqual("", await TextAsync(
        "[...document.querySelectorAll('button, input, select, canvas, progress, svg')].filter(e => !e.labels?.length "
        + "&& !e.getAttribute('aria-label') && !e.textContent.trim()).map(e => e.outerHTML).join('\\n')"));

    private async Task ClickAsync(string selector) => await _browser.EvaluateAsync($"document.querySelector(\"{selector}\").click()");

    private async Task WaitAsync(string expression)
    {
        Stopwatch watch = Stopwatch.StartNew();

        // What the expression names may not be there yet.
        while (!(bool)(await _browser.EvaluateAsync(
            $"(async () => {{ try {{ return !!(await ({expression})); }} catch {{ return false; }} }})()"))!)
        {
            Assert.IsLessThan(
                60, watch.Elapsed.TotalSeconds,
                $"{expression} stayed false; status: {await TextAsync("document.getElementById('status')?.textContent ?? ''")}");
            await Task.Delay(100);
        }
    }

    private async Task<double> NumberAsync(string expression) => (double)(await _browser.EvaluateAsync(expression))!;

    private async Task<string> TextAsync(string expression) => (string)(await _browser.EvaluateAsync(expression))!;

    /// <summary>A run that a failed test has left would go on for minutes.</summary>
    private void StopRuns()
    {
        string file = Path.Combine(_images, "selfadapt-studio", "project.json");
        foreach (JsonNode? job in File.Exists(file) ? ToolRun.Json(file)["jobs"]!.AsArray() : [])
        {
            if (job!["exit_code"] is null && (int?)job["process"] is { } number)
            {
                try
                {
                    using Process process = Process.GetProcessById(number);
                    if (Math.Abs(process.StartTime.ToUniversalTime().Ticks - (long)job["process_began"]!) < TimeSpan.TicksPerSecond)
                    {
                        process.Kill();
                        process.WaitForExit();
                    }
                }
                catch (Exception e) when (e is ArgumentException or InvalidOperationException)
                {
                    // It is over.
                }
            }
        }
    }
}
