using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SelfAdapt.Files;
using static Microsoft.Playwright.Assertions;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The pictures of the studio's pages in docs/images, light and dark: taken anew where that is asked for.</summary>
[TestClass]
internal sealed partial class StudioPictures : StudioPageTest
{
    private static readonly string Folder = Path.Combine(RepositoryFolder.Root, "docs", "images");

    protected override int Count => 16;

    protected override int Side => 256;

    [TestMethod]
    public async Task Pages_LookLikeThis()
    {
        if (Environment.GetEnvironmentVariable(OptionsPage.Rewrite) != "1")
        {
            Assert.Inconclusive($"not run: it writes docs/images where {OptionsPage.Rewrite}=1");
        }

        const int Shown = 4;
        using StudioProcess studio = new(Images);
        await OpenAsync(studio.Address);
        await At("#images button").Nth(Shown).ClickAsync();
        await At("#segment").ClickAsync();
        await Expect(At("#found table")).ToBeVisibleAsync();
        await TakeAsync("look");

        await GoAsync("Set up");
        await At("#estimate").ClickAsync();
        await Expect(At("#doubt")).ToHaveTextAsync(Estimated());
        await At("#preview").ClickAsync();
        await Expect(At("#previewed")).ToContainTextAsync("cells in");
        await TakeAsync("setup");

        await GoAsync("Strokes");
        LabelImage truth = Truth(Shown);
        foreach (int cell in (int[])[2, 5, 8, 11, 14, 17, 20])
        {
            await PaintAsync(truth, cell);
        }

        await Page.Keyboard.PressAsync("x");
        for (int i = 0; i < 5; i++)
        {
            await PaintBackgroundAsync(truth, from: 12 + (i * 50));
        }

        await At("#enhance").ClickAsync();
        await At("#apply").ClickAsync();
        await Expect(At("#stroke-jobs button.train")).ToBeVisibleAsync();
        await Expect(At("#learnt")).ToContainTextAsync("object");
        await TakeAsync("strokes");

        await GoAsync("Adapt");
        await At("#start").ClickAsync();
        await Expect(At("#figures b").First).ToHaveTextAsync(SomeSteps());
        await Expect(At("#right")).ToContainTextAsync("after step");
        await TakeAsync("adapt");
        await Expect(At("#phase")).ToContainTextAsync("done", new() { Timeout = 900_000 });

        await GoAsync("Decide");
        await Expect(At("#change .figures b")).ToHaveCountAsync(4);
        await TakeAsync("decide");
        await At("#accept").ClickAsync();
        await Expect(At("#accepted")).ToContainTextAsync("Decided");

        await GoAsync("Use");
        await At("#segment-all").ClickAsync();
        await Expect(At("[data-job='segment-1']")).ToContainTextAsync("done");
        await At("#export-portable").ClickAsync();
        await Expect(At("#exports a")).ToBeVisibleAsync();
        await TakeAsync("use");
    }

    /// <summary>Takes both pictures of the page as it is.</summary>
    private async Task TakeAsync(string page)
    {
        await Page.Mouse.MoveAsync(0, 0);
        ICDPSession session = await Page.Context.NewCDPSessionAsync(Page);
        foreach ((ColorScheme colours, string ending) in ((ColorScheme, string)[])[(ColorScheme.Dark, "-dark"), (ColorScheme.Light, "")])
        {
            await Page.EmulateMediaAsync(new() { ColorScheme = colours });
            await Task.Delay(1000);
            JsonElement taken = (await session.SendAsync(
                "Page.captureScreenshot", new Dictionary<string, object> { ["format"] = "webp", ["quality"] = 85 }))!.Value;
            await File.WriteAllBytesAsync(
                Path.Combine(Folder, $"studio-{page}{ending}.webp"), taken.GetProperty("data").GetBytesFromBase64());
        }
    }

    [GeneratedRegex("circle has|Look at")]
    private static partial Regex Estimated();

    [GeneratedRegex("^[3-9][0-9] ")]
    private static partial Regex SomeSteps();
}
