using Microsoft.Playwright;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>This machine's Chromium, headless, with one page.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>How long a page may take to become what is expected, in ms.</summary>
    public const int Patience = 120_000;

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser, IPage page)
    {
        (_playwright, _browser, Page) = (playwright, browser, page);
        page.SetDefaultTimeout(Patience);
        page.PageError += (_, error) => Errors.Add(error);
    }

    public IPage Page { get; }

    /// <summary>What the page's scripts have thrown and not caught.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Starts one; ends the test as inconclusive where none is installed.</summary>
    public static async Task<Browser> StartAsync()
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (program is null)
        {
            Assert.Inconclusive("not run: no Chromium is installed (" + string.Join(", ", Names) + ")");
        }

        Assertions.SetDefaultExpectTimeout(Patience);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--disable-gpu"] });
        return new Browser(playwright, browser, await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } }));
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
