using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Tests.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The studio's page in a browser of its own, on a folder of a few simulated images.</summary>
internal sealed class StudioPage : IDisposable
{
    public const int Count = 4;
    public const int Side = 128;

    private StudioPage(Browser browser) => Browser = browser;

    public Browser Browser { get; }

    /// <summary>The folder of images.</summary>
    public string Images { get; } = Directory.CreateTempSubdirectory("selfadapt-studio-").FullName;

    public string Project => Path.Combine(Images, "selfadapt-studio");

    public static async Task<StudioPage> StartAsync()
    {
        StudioPage page = new(await Browser.StartAsync());
        OpenStudio.WriteImages(page.Images, Count, Side);
        return page;
    }

    public static string Text(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public async Task OpenAsync(string address)
    {
        await Browser.OpenAsync(address);
        await WaitAsync("document.querySelectorAll('#images img[src]').length === 4 && document.getElementById('facts').textContent");
    }

    /// <summary>The middle of the picture on the screen, and screen pixels per image pixel.</summary>
    public async Task<(double X, double Y, double Scale)> PictureAsync()
    {
        JsonNode box = (await Browser.EvaluateAsync(
            "(r => ({ x: r.x + r.width / 2, y: r.y + r.height / 2, least: Math.min(r.width, r.height) }))(document.getElementById('canvas').getBoundingClientRect())"))!;
        return ((double)box["x"]!, (double)box["y"]!, (double)box["least"]! * 0.97 / Side);
    }

    /// <summary>Leaves a page, on which every control must have a name for screen readers, for another.</summary>
    public async Task GoAsync(string step)
    {
        await EveryControlHasANameAsync();
        await Browser.EvaluateAsync(
            $"[...document.querySelectorAll('#steps button')].find(b => b.textContent.includes('{step}')).click()");
    }

    public async Task EveryControlHasANameAsync() => Assert.AreEqual("", await TextAsync(
        "[...document.querySelectorAll('button, input, select, canvas, progress, svg')].filter(e => !e.labels?.length "
        + "&& !e.getAttribute('aria-label') && !e.textContent.trim()).map(e => e.outerHTML).join('\\n')"));

    public async Task ClickAsync(string selector) => await Browser.EvaluateAsync($"document.querySelector(\"{selector}\").click()");

    public async Task WaitAsync(string expression)
    {
        Stopwatch watch = Stopwatch.StartNew();

        // What the expression names may not be there yet.
        while (!(bool)(await Browser.EvaluateAsync(
            $"(async () => {{ try {{ return !!(await ({expression})); }} catch {{ return false; }} }})()"))!)
        {
            Assert.IsLessThan(
                60, watch.Elapsed.TotalSeconds,
                $"{expression} stayed false; status: {await TextAsync("document.getElementById('status')?.textContent ?? ''")}");
            await Task.Delay(100);
        }
    }

    public async Task<double> NumberAsync(string expression) => (double)(await Browser.EvaluateAsync(expression))!;

    public async Task<string> TextAsync(string expression) => (string)(await Browser.EvaluateAsync(expression))!;

    public void Dispose()
    {
        Browser.Dispose();
        StopRuns();
        Directory.Delete(Images, recursive: true);
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
