using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Tool.Viewer;
using static Microsoft.Playwright.Assertions;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>What tests of the studio's page share: a browser, a folder of simulated images, the steps that many of them take.</summary>
internal abstract class StudioPageTest : IAsyncDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("selfadapt-studio-").FullName;
    private Browser? _browser;

    public TestContext TestContext { get; set; } = null!;

    /// <summary>How many images there are.</summary>
    protected virtual int Count => 4;

    /// <summary>Their height and width.</summary>
    protected virtual int Side => 128;

    protected IPage Page => _browser!.Page;

    /// <summary>The folder of images.</summary>
    protected string Images => Path.Combine(_parent, "micrographs");

    protected string Project => Path.Combine(Images, "selfadapt-studio");

    [TestInitialize]
    public async Task Start()
    {
        _browser = await Browser.StartAsync();
        OpenStudio.WriteImages(Images, Count, Side);
    }

    [TestCleanup]
    public void NoScriptHasFailed() => Assert.IsEmpty(_browser?.Errors ?? [], string.Join('\n', _browser?.Errors ?? []));

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        StopRuns();
        Directory.Delete(_parent, recursive: true);
    }

    protected static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    protected ILocator At(string selector) => Page.Locator(selector);

    protected async Task OpenAsync(string address)
    {
        await Page.GotoAsync(address);
        await Expect(At("#images img[src]").Nth(3)).ToBeVisibleAsync();
        await Expect(At("#facts")).Not.ToBeEmptyAsync();
    }

    /// <summary>Leaves a page, on which every control must have a name for screen readers, for another.</summary>
    protected async Task GoAsync(string step)
    {
        await EveryControlHasANameAsync();
        await At("#steps button").Filter(new() { HasText = step }).ClickAsync();
    }

    protected async Task EveryControlHasANameAsync() => Assert.AreEqual("", await Page.EvaluateAsync<string>(
        "[...document.querySelectorAll('button, input, select, canvas, progress, svg')].filter(e => !e.labels?.length "
        + "&& !e.getAttribute('aria-label') && !e.textContent.trim()).map(e => e.outerHTML).join('\\n')"));

    /// <summary>Starts an adaptation of a few small steps.</summary>
    protected async Task AdaptAsync(int iterations)
    {
        await At("#more summary").ClickAsync();
        foreach ((string option, string value) in ((string, string)[])[("iterations", Text(iterations)), ("batch-size", "1"), ("crop", "64")])
        {
            await At($"[id='--{option}']").FillAsync(value);
        }

        await At("[id='--stop']").SelectOptionAsync("none");
        await At("#start").ClickAsync();
    }

    /// <summary>How many cells are drawn as found now.</summary>
    protected Task<int> CellsAsync() => Page.EvaluateAsync<int>("import('/page/app.js').then(m => m.studio.right.cells.length)");

    /// <summary>Presses the mouse at one pixel of the image, as it fits into the window, and lets it go at another.</summary>
    protected async Task DragAsync((double Y, double X) from, (double Y, double X) to, MouseButton button = MouseButton.Left)
    {
        LocatorBoundingBoxResult box = (await At("#canvas").BoundingBoxAsync())!;
        double scale = Math.Min(box.Width, box.Height) * 0.97 / Side;
        (float X, float Y) OnScreen((double Y, double X) at) => (
            (float)(box.X + (box.Width / 2) + (scale * (at.X - (Side / 2.0)))), (float)(box.Y + (box.Height / 2) + (scale * (at.Y - (Side / 2.0)))));
        await Page.Mouse.MoveAsync(OnScreen(from).X, OnScreen(from).Y);
        await Page.Mouse.DownAsync(new() { Button = button });
        await Page.Mouse.MoveAsync(OnScreen(to).X, OnScreen(to).Y, new() { Steps = 2 });
        await Page.Mouse.UpAsync(new() { Button = button });
    }

    /// <summary>Waits until an expression in the page, or what it promises, is true.</summary>
    /// <remarks>Playwright's own wait for one calls eval in the page, which the page forbids.</remarks>
    protected Task UntilAsync(string expression) => UntilAsync(() => Page.EvaluateAsync<bool>(expression), expression);

    protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.IsLessThan(Browser.Patience, watch.ElapsedMilliseconds, what);
            await Task.Delay(100);
        }
    }

    protected LabelImage Truth(int image) => MicrographSimulator.Simulate(
        MicrographOptions.Shifted with { Height = Side, Width = Side, Nuclei = Side * Side / 1200 }, (ulong)image).Labels;

    /// <summary>A short stroke through the middle of a cell.</summary>
    protected async Task PaintAsync(LabelImage truth, int cell)
    {
        int[] places = [.. Enumerable.Range(0, truth.Labels.Length).Where(i => truth.Labels[i] == cell)];
        (double y, double x) = (places.Average(p => p / truth.Width) + 0.5, places.Average(p => p % truth.Width) + 0.5);
        await DragAsync((y, x - 2), (y, x + 2));
    }

    /// <summary>A stroke along the first row, of those from one on, with a stretch that has no cell near it.</summary>
    protected async Task PaintBackgroundAsync(LabelImage truth, int from = 6)
    {
        const int Length = 20;
        for (int y = from; y < truth.Height - 6; y++)
        {
            for (int x = 6; x < truth.Width - Length - 6; x++)
            {
                if (Enumerable.Range(y - 4, 9).All(r => truth.Labels.AsSpan((r * truth.Width) + x - 4, Length + 8).IndexOfAnyExcept(0) < 0))
                {
                    await DragAsync((y, x), (y, x + Length));
                    return;
                }
            }
        }

        Assert.Fail("no background to paint on");
    }

    /// <summary>A run that a failed test has left would go on for minutes.</summary>
    private void StopRuns()
    {
        string file = Path.Combine(Project, "project.json");
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
