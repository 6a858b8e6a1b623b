using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>A headless Chromium with one page, driven through its DevTools protocol.</summary>
internal sealed class Browser : IDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    private readonly string _profile = Directory.CreateTempSubdirectory("selfadapt-browser-").FullName;
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private int _number;

    private Browser(string program) => _process = Process.Start(new ProcessStartInfo(program)
    {
        ArgumentList =
        {
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--remote-debugging-port=0", "--window-size=1280,800", "--user-data-dir=" + _profile, "about:blank",
        },
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>Starts one; ends the test as inconclusive where none is installed.</summary>
    public static async Task<Browser> StartAsync()
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (program is null)
        {
            Assert.Inconclusive("not run: no Chromium is installed (" + string.Join(", ", Names) + ")");
        }

        Browser browser = new(program!);
        browser._process.BeginErrorReadLine();
        browser._process.BeginOutputReadLine();
        await browser.ConnectAsync();
        return browser;
    }

    /// <summary>Opens an address and waits until it is loaded.</summary>
    public async Task OpenAsync(string address)
    {
        await CallAsync("Page.navigate", new JsonObject { ["url"] = address });
        await WaitForAsync("document.readyState === 'complete' && location.href !== 'about:blank'", 30);
    }

    /// <summary>The value of an expression in the page; promises are awaited.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode result = await CallAsync("Runtime.evaluate", new JsonObject
        {
            ["expression"] = expression,
            ["awaitPromise"] = true,
            ["returnByValue"] = true,
        });
        Assert.IsNull(result["exceptionDetails"], result.ToJsonString());
        return result["result"]!["value"];
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task WaitForAsync(string expression, int seconds)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!(bool)(await EvaluateAsync($"!!({expression})"))!)
        {
            Assert.IsLessThan(seconds, watch.Elapsed.TotalSeconds, $"{expression} stayed false");
            await Task.Delay(100);
        }
    }

    /// <summary>Presses the mouse at one place of the page and lets it go at another.</summary>
    public async Task DragAsync((double X, double Y) from, (double X, double Y) to, string button = "left")
    {
        foreach ((string type, double x, double y) in ((string, double, double)[])
            [("mousePressed", from.X, from.Y), ("mouseMoved", (from.X + to.X) / 2, (from.Y + to.Y) / 2), ("mouseMoved", to.X, to.Y),
                ("mouseReleased", to.X, to.Y)])
        {
            await CallAsync("Input.dispatchMouseEvent", new JsonObject
            {
                ["type"] = type,
                ["x"] = x,
                ["y"] = y,
                ["button"] = button,
                ["buttons"] = type == "mouseReleased" ? 0 : button == "middle" ? 4 : 1,
                ["clickCount"] = 1,
            });
        }
    }

    /// <summary>Presses a key, by its name and the text that it types.</summary>
    public async Task PressAsync(string key, string text = "")
    {
        foreach (string type in (string[])["keyDown", "keyUp"])
        {
            await CallAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = type, ["key"] = key, ["text"] = type == "keyDown" ? text : "" });
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A helper process of the browser may still hold a file of its profile; it is temporary anyway.
        }
    }

    private async Task ConnectAsync()
    {
        string file = Path.Combine(_profile, "DevToolsActivePort");
        Stopwatch watch = Stopwatch.StartNew();
        string[] lines = [];
        while (lines.Length < 2)
        {
            Assert.IsLessThan(60, watch.Elapsed.TotalSeconds, "Chromium did not start");
            await Task.Delay(100);
            lines = File.Exists(file) ? await File.ReadAllLinesAsync(file) : [];
        }

        await _socket.ConnectAsync(new Uri($"ws://127.0.0.1:{lines[0]}{lines[1]}"), CancellationToken.None);
        JsonNode targets = await CallAsync("Target.getTargets", []);
        string page = (string)targets["targetInfos"]!.AsArray()
            .First(t => (string)t!["type"]! == "page")!["targetId"]!;
        JsonNode attached = await CallAsync(
            "Target.attachToTarget", new JsonObject { ["targetId"] = page, ["flatten"] = true });
        Session = (string)attached["sessionId"]!;
    }

    private string? Session { get; set; }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        int number = ++_number;
        JsonObject call = new() { ["id"] = number, ["method"] = method, ["params"] = parameters };
        if (Session is not null)
        {
            call["sessionId"] = Session;
        }

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(120));
        await _socket.SendAsync(
            Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, true, patience.Token);
        while (true)
        {
            JsonNode message = await ReceiveAsync(patience.Token);
            if ((int?)message["id"] == number)
            {
                Assert.IsNull(message["error"], message.ToJsonString());
                return message["result"]!;
            }
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken patience)
    {
        using MemoryStream text = new();
        byte[] chunk = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(chunk.AsMemory(), patience);
            text.Write(chunk, 0, part.Count);
        }
        while (!part.EndOfMessage);

        return JsonNode.Parse(text.ToArray())!;
    }
}
