using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>What the viewer's server gives, and above all what it doesn't: raw requests over a socket.</summary>
[TestClass]
internal sealed class LocalServerTests : IDisposable
{
    private readonly ViewedRun _run = new(new SegmentationOptions(), runtime: null);

    public void Dispose() => _run.Dispose();

    [TestMethod]
    public void Page_OwnHost_IsServedWithItsPolicy()
    {
        string answer = Get("/");
        StringAssert.StartsWith(answer, "HTTP/1.1 200 ", StringComparison.Ordinal);
        StringAssert.Contains(answer, "default-src 'none'; script-src 'self'", StringComparison.Ordinal);
        StringAssert.Contains(answer, "X-Content-Type-Options: nosniff", StringComparison.Ordinal);
        StringAssert.Contains(answer, "<script type=\"module\" src=\"/page/app.js\">", StringComparison.Ordinal);
        StringAssert.StartsWith(Get("/page/runview.js"), "HTTP/1.1 200 ", StringComparison.Ordinal);
        StringAssert.StartsWith(
            Get("/", host: $"localhost:{_run.Server.Port}"), "HTTP/1.1 200 ", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("/")]
    [DataRow("/api/state")]
    [DataRow("/api/model")]
    [DataRow("/report.html")]
    public void Address_WithoutTheKey_Refused(string target) => StringAssert.StartsWith(
        Encoding.UTF8.GetString(RawHttp.Exchange(
            _run.Server.Port, Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {Host}\r\n\r\n"))),
        "HTTP/1.1 403 ", StringComparison.Ordinal);

    [TestMethod]
    public void Report_IsServedWithoutAnyScript()
    {
        string answer = Get("/report.html");
        StringAssert.StartsWith(answer, "HTTP/1.1 200 ", StringComparison.Ordinal);
        StringAssert.Contains(answer, "sandbox", StringComparison.Ordinal);
        Assert.DoesNotContain("script-src", answer);
    }

    [TestMethod]
    [DataRow("/private.txt")]
    [DataRow("/../outside.txt")]
    [DataRow("/page/../../outside.txt")]
    [DataRow("/page/..%2f..%2foutside.txt")]
    [DataRow("/%2e%2e/outside.txt")]
    [DataRow("/..\\outside.txt")]
    [DataRow("//etc/passwd")]
    [DataRow("/api/images/../../private.txt")]
    [DataRow("/api/images/1/pixels?plane=0")]
    [DataRow("/api/images/0/pixels?plane=1")]
    [DataRow("/api/images/0/masks?job=adapt-1")]
    [DataRow("/api/images/-1/thumb")]
    [DataRow("/api/images/")]
    [DataRow("/api/jobs")]
    [DataRow("/api/open")]
    [DataRow("/api/images/0/strokes")]
    [DataRow("/page/")]
    [DataRow("/page")]
    [DataRow("/summary.json")]
    [DataRow("/ort/ort.wasm.min.mjs")]
    [DataRow("/?x=1")]
    public void Address_NotListed_NotFound(string target)
    {
        string answer = Get(target);
        StringAssert.StartsWith(answer, "HTTP/1.1 404 ", StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer);
    }

    [TestMethod]
    [DataRow("example.org")]
    [DataRow("127.0.0.1")]
    [DataRow("127.0.0.1:1")]
    [DataRow("127.0.0.1.example.org:80")]
    [DataRow("")]
    public void Host_NotItsOwn_Refused(string host)
    {
        string answer = Send($"GET /api/state HTTP/1.1\r\nHost: {host}\r\n\r\n");
        StringAssert.StartsWith(answer, "HTTP/1.1 421 ", StringComparison.Ordinal);
        Assert.DoesNotContain("images", answer);
    }

    [TestMethod]
    [DataRow("Origin: http://example.org")]
    [DataRow("Origin: null")]
    [DataRow("Origin: http://127.0.0.1:1")]
    [DataRow("Origin: https://{host}")]
    [DataRow("Sec-Fetch-Site: cross-site")]
    [DataRow("Sec-Fetch-Site: same-site")]
    public void Origin_OfAnotherPage_Refused(string header)
    {
        string line = header.Replace("{host}", Host, StringComparison.Ordinal) + "\r\n";
        foreach (string start in (string[])["GET /api/state", "GET /api/model", "POST /api/decode"])
        {
            string answer = Send($"{start} HTTP/1.1\r\nHost: {Host}\r\n{line}Content-Length: 0\r\n\r\n");
            StringAssert.StartsWith(answer, "HTTP/1.1 403 ", StringComparison.Ordinal);
        }

        StringAssert.StartsWith(
            Send($"GET /api/state HTTP/1.1\r\nHost: {Host}\r\nOrigin: http://{Host}\r\n"
                + "Sec-Fetch-Site: same-origin\r\n\r\n"),
            "HTTP/1.1 200 ", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("POST", "/", "GET, HEAD")]
    [DataRow("PUT", "/api/model", "GET, HEAD")]
    [DataRow("DELETE", "/api/images/0/thumb", "GET, HEAD")]
    [DataRow("OPTIONS", "/api/state", "GET, HEAD")]
    [DataRow("TRACE", "/", "GET, HEAD")]
    [DataRow("GET", "/api/decode", "POST")]
    public void Method_NotKnownToTheAddress_Refused(string method, string target, string allowed)
    {
        string answer = Send($"{method} {target} HTTP/1.1\r\nHost: {Host}\r\n\r\n");
        StringAssert.StartsWith(answer, "HTTP/1.1 405 ", StringComparison.Ordinal);
        StringAssert.Contains(answer, $"Allow: {allowed}\r\n", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("GET / HTTP/1.1\r\n\r\n", "400")]
    [DataRow("GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n", "400")]
    [DataRow("GET http://example.org/ HTTP/1.1\r\nHost: {host}\r\n\r\n", "400")]
    [DataRow("GET /\r\n\r\n", "400")]
    [DataRow("nonsense\r\n\r\n", "400")]
    [DataRow("POST /api/decode HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999999\r\n\r\n", "413")]
    [DataRow("POST /api/decode HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n", "400")]
    [DataRow("POST /api/decode HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", "415")]
    [DataRow("POST /api/decode HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\nabcd", "415")]
    public void Request_Malformed_RefusedByName(string request, string status) => StringAssert.StartsWith(
        Send(request.Replace("{host}", Host, StringComparison.Ordinal)), $"HTTP/1.1 {status} ",
        StringComparison.Ordinal);

    [TestMethod]
    public void Headers_WithoutEnd_AreCutOff() => StringAssert.StartsWith(
        Send($"GET / HTTP/1.1\r\nHost: {Host}\r\nX: {new string('x', 17_000)}"), "HTTP/1.1 431 ",
        StringComparison.Ordinal);

    [TestMethod]
    public void Link_OutOfTheFolder_IsNotFollowed()
    {
        string report = RunFolder.Report(_run.Folder);
        File.Delete(report);
        try
        {
            File.CreateSymbolicLink(report, Path.Combine(_run.Folder, "..", "outside.txt"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Inconclusive("not run: this system lets nobody make links");
        }

        StringAssert.StartsWith(Get("/report.html"), "HTTP/1.1 404 ", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Run_WithoutTheWebRuntime_SaysWhatIsMissing()
    {
        JsonNode run = Json("/api/state")["run"]!;
        Assert.AreEqual(ViewedRun.ImageName, (string)Json("/api/images")["names"]![0]!);
        Assert.IsNull(run["settings"]);
        StringAssert.Contains((string)run["why"]!, "onnxruntime-web", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Masks_AreServedAsNumbers()
    {
        byte[] body = Body(Exchange(Encoding.Latin1.GetBytes($"GET /api/images/0/masks HTTP/1.1\r\nHost: {Host}\r\n\r\n")));
        Assert.AreEqual(_run.Image.Height, BinaryPrimitives.ReadInt32LittleEndian(body));
        Assert.AreEqual(_run.Image.Width, BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(4)));
        Assert.AreEqual(2, BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(8)));
        Assert.HasCount(12 + (2 * _run.Image.Height * _run.Image.Width), body);
    }

    [TestMethod]
    public void Decode_Image_GivesItsPixels()
    {
        string path = Path.Combine(_run.Folder, "x.tif");
        ImageFile.WriteTiff(path, _run.Image);
        byte[] file = File.ReadAllBytes(path);
        byte[] head = Encoding.Latin1.GetBytes(
            $"POST /api/decode HTTP/1.1\r\nHost: {Host}\r\nContent-Length: {file.Length}\r\n\r\n");
        byte[] body = Body(Exchange([.. head, .. file]));
        Assert.AreEqual(1, BinaryPrimitives.ReadInt32LittleEndian(body));
        for (int i = 0; i < _run.Image.Pixels.Length; i += 997)
        {
            Assert.AreEqual(_run.Image.Pixels[i], BinaryPrimitives.ReadSingleLittleEndian(body.AsSpan(12 + (4 * i))));
        }
    }

    [TestMethod]
    public void View_FolderOfNoRun_NoUsableInput() => ToolRun.Expect(
        ExitCode.NoUsableInput, "no run's folder", "view", Path.Combine(_run.Folder, "masks_after"), "--no-browser");

    private string Host => $"127.0.0.1:{_run.Server.Port}";

    private JsonNode Json(string target)
    {
        string answer = Get(target);
        return JsonNode.Parse(answer[answer.IndexOf('{', StringComparison.Ordinal)..])!;
    }

    private string Get(string target, string? host = null) =>
        Send($"GET {target} HTTP/1.1\r\nHost: {host ?? Host}\r\n\r\n");

    private string Send(string request) => Encoding.UTF8.GetString(Exchange(Encoding.Latin1.GetBytes(request)));

    /// <summary>With the cookie of who has opened the printed address.</summary>
    private byte[] Exchange(byte[] request)
    {
        int line = request.AsSpan().IndexOf("\r\n"u8) + 2;
        bool whole = line > 1 && request.AsSpan(line).StartsWith("Host:"u8);
        return RawHttp.Exchange(
            _run.Server.Port,
            whole ? [.. request[..line], .. Encoding.ASCII.GetBytes(RawHttp.Cookie(_run.Server.Address)), .. request[line..]] : request);
    }

    private static byte[] Body(byte[] answer) => RawHttp.Body(answer);
}
