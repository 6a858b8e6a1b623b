using System.Net.Sockets;
using System.Text;
using SelfAdapt.Tests.Tool.Viewer;
using SelfAdapt.Tool.Studio;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>What strangers try at the studio's port: none of it may read, write or stop anything.</summary>
[TestClass]
internal sealed class StudioAttackTests : IDisposable
{
    /// <summary>A stroke of one pixel of background in the upper left corner.</summary>
    private const string OneStroke = "\0\0\0\0\0\0\0\0\u0001\0\0\0\u0001\0\0\0\u0001";

    private readonly OpenStudio _studio = new();

    public void Dispose() => _studio.Dispose();

    [TestMethod]
    public void Stroke_WithTheKey_IsPainted()
    {
        StringAssert.StartsWith(_studio.Post("/api/images/0/strokes", OneStroke), "HTTP/1.1 200 ", StringComparison.Ordinal);
        Assert.HasCount(1, Directory.GetFiles(Path.Combine(_studio.Project, "strokes"), "nuclei_1_strokes.png"));
        byte[] strokes = _studio.GetBytes("/api/images/0/strokes");
        Assert.AreEqual((96, 96, 1, 0), (BitConverter.ToInt32(strokes), BitConverter.ToInt32(strokes, 4), strokes[8], strokes[9]));
    }

    [TestMethod]
    [DataRow("GET", "/")]
    [DataRow("GET", "/page/app.js")]
    [DataRow("GET", "/api/state")]
    [DataRow("GET", "/api/events")]
    [DataRow("GET", "/api/images/0/pixels")]
    [DataRow("POST", "/api/open")]
    [DataRow("POST", "/api/jobs")]
    [DataRow("GET", "/api/images/0/strokes")]
    [DataRow("POST", "/api/images/0/strokes")]
    [DataRow("GET", "/api/images/0/map")]
    [DataRow("GET", "/api/images/0/objects")]
    [DataRow("POST", "/api/strokes")]
    [DataRow("GET", "/?key=")]
    [DataRow("GET", "/?key=00112233445566778899aabbccddeeff0011223344556677")]
    public void Request_WithoutTheKey_Refused(string method, string target)
    {
        foreach (string cookie in (string[])["", "Cookie: selfadapt-1=x\r\n", $"Cookie: selfadapt-{_studio.Port}=x\r\n"])
        {
            string answer = _studio.Exchange($"{method} {target} HTTP/1.1\r\nHost: {_studio.Host}\r\n{cookie}Content-Length: 0\r\n\r\n");
            StringAssert.StartsWith(answer, "HTTP/1.1 403 ", StringComparison.Ordinal);
            Assert.DoesNotContain("nuclei", answer);
        }
    }

    [TestMethod]
    public void Key_OpensThePage_WithACookieThatNoScriptReads()
    {
        string answer = _studio.Exchange($"GET {_studio.KeyPath} HTTP/1.1\r\nHost: {_studio.Host}\r\n\r\n");
        StringAssert.StartsWith(answer, "HTTP/1.1 303 ", StringComparison.Ordinal);
        StringAssert.Contains(answer, "HttpOnly; SameSite=Strict", StringComparison.Ordinal);
        StringAssert.StartsWith(_studio.Get("/"), "HTTP/1.1 200 ", StringComparison.Ordinal);
        StringAssert.Contains(_studio.Get("/api/images"), "nuclei_1.tif", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("Origin: http://example.org")]
    [DataRow("Origin: null")]
    [DataRow("Origin: http://127.0.0.1:1")]
    [DataRow("Sec-Fetch-Site: cross-site")]
    [DataRow("Sec-Fetch-Site: same-site")]
    public void OtherPage_EvenWithTheCookie_ChangesNothing(string header)
    {
        string before = File.ReadAllText(Path.Combine(_studio.Project, "project.json"));
        foreach ((string target, string body) in ((string, string)[])
            [("/api/setup", "{\"diameter\": 5}"), ("/api/jobs", "{\"kind\": \"adapt\"}"), ("/api/open", $"{{\"folder\": \"{_studio.Parent}\"}}"),
                ("/api/strokes", "{\"enhance\": true}"), ("/api/images/0/strokes", OneStroke), ("/api/jobs/adapt-1/clear", "")])
        {
            StringAssert.StartsWith(_studio.Post(target, body, header + "\r\n"), "HTTP/1.1 403 ", StringComparison.Ordinal);
        }

        Assert.AreEqual(before, File.ReadAllText(Path.Combine(_studio.Project, "project.json")));
        Assert.IsFalse(Directory.Exists(Path.Combine(_studio.Project, "runs")));
        Assert.IsFalse(Directory.Exists(Path.Combine(_studio.Project, "strokes")));
    }

    [TestMethod]
    [DataRow("example.org")]
    [DataRow("127.0.0.1")]
    [DataRow("rebound.example.org:{port}")]
    public void Host_Rebound_Refused(string host)
    {
        string name = host.Replace("{port}", $"{_studio.Port}", StringComparison.Ordinal);
        string answer = _studio.Exchange($"GET /api/state HTTP/1.1\r\nHost: {name}\r\n{_studio.Cookie}\r\n");
        StringAssert.StartsWith(answer, "HTTP/1.1 421 ", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("/notes.txt")]
    [DataRow("/../outside.txt")]
    [DataRow("/page/../../outside.txt")]
    [DataRow("/%2e%2e/outside.txt")]
    [DataRow("/api/../../outside.txt")]
    [DataRow("/api/images/notes.txt")]
    [DataRow("/api/images/../notes.txt")]
    [DataRow("/api/images/..%2fnotes.txt/pixels")]
    [DataRow("/api/images/-1/pixels")]
    [DataRow("/api/images/2/pixels")]
    [DataRow("/api/images/+1/pixels")]
    [DataRow("/api/images/%30/pixels")]
    [DataRow("/api/images/99999999999/pixels")]
    [DataRow("/api/images/0/pixels?plane=7")]
    [DataRow("/api/images/0/masks?job=..%2f..%2foutside&step=1")]
    [DataRow("/api/images/0/masks?job=../../outside.txt")]
    [DataRow("/api/images/../strokes")]
    [DataRow("/api/images/..%2f..%2foutside.txt/strokes")]
    [DataRow("/api/images/2/strokes")]
    [DataRow("/api/images/0/strokes?plane=7")]
    [DataRow("/api/images/0/strokes/..")]
    [DataRow("/api/images/7/map")]
    [DataRow("/api/images/-1/objects")]
    [DataRow("/api/images/0/map?plane=1")]
    [DataRow("/api/jobs/../log")]
    [DataRow("/api/jobs/..%2f..%2f..%2foutside.txt/log")]
    [DataRow("/api/jobs/../clear")]
    [DataRow("/api/exports/../../project.json")]
    [DataRow("/api/exports/0")]
    [DataRow("/api/exports/-1")]
    [DataRow("//etc/passwd")]
    public void Path_OfOtherFiles_NotFound(string target)
    {
        string answer = _studio.Get(target);
        StringAssert.StartsWith(answer, "HTTP/1.1 404 ", StringComparison.Ordinal);
        Assert.DoesNotContain(OpenStudio.Secret, answer);
    }

    [TestMethod]
    public void Link_OutOfTheFolder_IsNotShown()
    {
        using OpenStudio studio = new(images =>
        {
            string outside = Path.Combine(images, "..", "private");
            OpenStudio.WriteImages(outside, 1, 32);
            try
            {
                File.CreateSymbolicLink(Path.Combine(images, "a_link.tif"), Path.GetFullPath(Path.Combine(outside, "nuclei_1.tif")));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Assert.Inconclusive("not run: this system lets nobody make links");
            }
        });
        StringAssert.Contains(studio.Get("/api/images"), "a_link.tif", StringComparison.Ordinal);
        foreach (string what in (string[])["thumb", "pixels", "masks"])
        {
            string answer = studio.Get($"/api/images/0/{what}");
            StringAssert.StartsWith(answer, "HTTP/1.1 422 ", StringComparison.Ordinal);
            StringAssert.Contains(answer, "outside the folder", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Upload_Huge_Refused()
    {
        string announced = _studio.Exchange(
            $"POST /api/setup HTTP/1.1\r\nHost: {_studio.Host}\r\n{_studio.Cookie}Content-Length: 99999999999\r\n\r\n");
        StringAssert.StartsWith(announced, "HTTP/1.1 413 ", StringComparison.Ordinal);
        StringAssert.StartsWith(
            _studio.Post("/api/setup", new string(' ', 100_000) + "{}"), "HTTP/1.1 413 ", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Strokes_Huge_Refused()
    {
        StringAssert.StartsWith(
            _studio.Exchange(
                $"POST /api/images/0/strokes HTTP/1.1\r\nHost: {_studio.Host}\r\n{_studio.Cookie}Content-Length: 16777217\r\n\r\n"),
            "HTTP/1.1 413 ", StringComparison.Ordinal);

        // A large body is for strokes alone, however the address is spelled.
        foreach (string target in (string[])["/api/images/0/strokes/", "/api/images/0/map", "/api/strokes", "/api/images/0/0/strokes"])
        {
            StringAssert.StartsWith(
                _studio.Post(target, new string(' ', 100_000)), "HTTP/1.1 413 ", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    [DataRow(0, 0, 1, 1, "\u0003")]
    [DataRow(0, 0, 1, 1, "")]
    [DataRow(0, 0, 1, 1, "\u0001\u0001")]
    [DataRow(0, 0, 0, 5, "\u0001")]
    [DataRow(96, 0, 1, 1, "\u0001")]
    [DataRow(0, 90, 1, 7, "\u0001\u0001\u0001\u0001\u0001\u0001\u0001")]
    [DataRow(-1, 0, 1, 1, "\u0001")]
    [DataRow(0, -1, 1, 1, "\u0001")]
    [DataRow(0, 0, -1, -1, "\u0001")]
    [DataRow(2147483647, 2147483647, 2147483647, 2147483647, "\u0001")]
    [DataRow(0, 0, 65536, 65536, "")]
    public void Strokes_OutsideOrNone_ChangeNothing(int top, int left, int height, int width, string labels)
    {
        byte[] body =
        [
            .. ((int[])[top, left, height, width]).SelectMany(BitConverter.GetBytes), .. Encoding.Latin1.GetBytes(labels),
        ];
        byte[] head = Encoding.ASCII.GetBytes(
            $"POST /api/images/0/strokes HTTP/1.1\r\nHost: {_studio.Host}\r\n{_studio.Cookie}Content-Length: {body.Length}\r\n\r\n");
        string answer = Encoding.UTF8.GetString(RawHttp.Exchange(_studio.Port, [.. head, .. body]));
        StringAssert.StartsWith(answer, "HTTP/1.1 4", StringComparison.Ordinal);
        Assert.IsFalse(Directory.Exists(Path.Combine(_studio.Project, "strokes")));
    }

    [TestMethod]
    [DataRow("step=0")]
    [DataRow("step=3")]
    [DataRow("step=128")]
    [DataRow("top=1&step=2")]
    [DataRow("height=0")]
    [DataRow("height=97")]
    [DataRow("top=90&height=7")]
    [DataRow("left=2147483647&width=2147483647")]
    public void Map_OfPartsThatAreNone_Refused(string part)
    {
        foreach (string what in (string[])["map", "objects"])
        {
            StringAssert.StartsWith(_studio.Get($"/api/images/0/{what}?{part}"), "HTTP/1.1 400 ", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    [DataRow("{\"kind\": \"adapt\", \"options\": {\"--out\": \"elsewhere\"}}")]
    [DataRow("{\"kind\": \"adapt\", \"options\": {\"--config\": \"x\"}}")]
    [DataRow("{\"kind\": \"adapt\", \"options\": {\"--seed\": \"--force\"}}")]
    [DataRow("{\"kind\": \"adapt\", \"options\": {\"--seed\": \"1 --out x\"}}")]
    [DataRow("{\"kind\": \"segment\", \"formats\": [\"--force\"]}")]
    [DataRow("{\"kind\": \"segment\", \"formats\": [\"../x\"]}")]
    [DataRow("{\"kind\": \"train\", \"labels\": \"../../outside\"}")]
    [DataRow("{\"kind\": \"train\", \"labels\": \"--force\"}")]
    [DataRow("{\"kind\": \"train\"}")]
    public void Job_WithWordsOfItsOwn_Refused(string body)
    {
        StringAssert.StartsWith(_studio.Post("/api/jobs", body), "HTTP/1.1 422 ", StringComparison.Ordinal);
        Assert.IsFalse(Directory.Exists(Path.Combine(_studio.Project, "runs")));
    }

    [TestMethod]
    [DataRow("/api/setup")]
    [DataRow("/api/jobs")]
    [DataRow("/api/open")]
    [DataRow("/api/accept")]
    [DataRow("/api/export")]
    [DataRow("/api/show")]
    [DataRow("/api/strokes")]
    public void Get_OfWhatChangesThings_Refused(string target) =>
        StringAssert.StartsWith(_studio.Get(target), "HTTP/1.1 405 ", StringComparison.Ordinal);

    [TestMethod]
    [DataRow("/api/setup", "[]")]
    [DataRow("/api/setup", "{\"diameter\": -3}")]
    [DataRow("/api/setup", "{\"diameter\": \"wide\"}")]
    [DataRow("/api/setup", "{\"first_channel\": -1}")]
    [DataRow("/api/setup", "{\"model\": \"/etc/passwd\"}")]
    [DataRow("/api/strokes", "[]")]
    [DataRow("/api/strokes", "{\"enhance\": 3}")]
    [DataRow("/api/strokes", "{\"instances\": null}")]
    [DataRow("/api/strokes", "{\"instances\": {\"threshold\": 7}}")]
    [DataRow("/api/images/0/strokes", "x")]
    [DataRow("/api/images/0/pixels", "x")]
    [DataRow("/api/images/0/map", "x")]
    [DataRow("/api/jobs", "{\"kind\": \"paint\"}")]
    [DataRow("/api/jobs", "{\"kind\": \"7\"}")]
    [DataRow("/api/diameter", "{\"image\": \"x\"}")]
    [DataRow("/api/diameter", "{\"image\": {}}")]
    [DataRow("/api/accept", "{\"job\": 5}")]
    [DataRow("/api/open", "{}")]
    [DataRow("/api/open", "{\"folder\": \"\\u0000\"}")]
    [DataRow("/api/export", "{\"format\": \"x\"}")]
    public void Body_Nonsense_RefusedByName(string target, string body)
    {
        string answer = _studio.Post(target, body);
        Assert.IsTrue(
            answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{target} {body}: {answer.Split('\n')[0]}");
    }

    [TestMethod]
    public void Connections_Hundred_TheNextIsStillAnswered()
    {
        List<TcpClient> listening = [];
        try
        {
            byte[] request = Encoding.ASCII.GetBytes($"GET /api/events HTTP/1.1\r\nHost: {_studio.Host}\r\n{_studio.Cookie}\r\n");
            for (int i = 0; i < 100; i++)
            {
                TcpClient client = new("127.0.0.1", _studio.Port);
                client.GetStream().Write(request);
                listening.Add(client);
            }

            StringAssert.StartsWith(_studio.Get("/api/state"), "HTTP/1.1 200 ", StringComparison.Ordinal);
            StringAssert.StartsWith(_studio.Get("/api/images/0/thumb"), "HTTP/1.1 200 ", StringComparison.Ordinal);
        }
        finally
        {
            listening.ForEach(c => c.Dispose());
        }
    }

    [TestMethod]
    public void Project_WithAJobsNameThatLeadsElsewhere_Refused()
    {
        string file = Path.Combine(_studio.Project, "project.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace(
            "\"jobs\": []", "\"jobs\": [{\"name\": \"../../outside\", \"kind\": \"adapt\", \"setup\": {}, \"words\": []}]", StringComparison.Ordinal));
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => StudioProject.Open(_studio.Images, null));
        StringAssert.Contains(error.Message, "no name of ours", StringComparison.Ordinal);
    }
}
