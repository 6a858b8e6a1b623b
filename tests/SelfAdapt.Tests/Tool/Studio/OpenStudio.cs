using System.Globalization;
using System.Text;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Tool.Viewer;
using SelfAdapt.Tool.Studio;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>A studio in this process on a folder of a few simulated images, with files beside it that are none of its business.</summary>
internal sealed class OpenStudio : IDisposable
{
    public const string Secret = "secret-of-another";

    private readonly CancellationTokenSource _end = new();
    private readonly string _parent = Directory.CreateTempSubdirectory("selfadapt-studio-").FullName;
    private readonly StudioSite _site;
    private readonly LocalServer _server;
    private readonly Task _serving;

    /// <param name="prepare">Told the folder of images before it is opened.</param>
    public OpenStudio(Action<string>? prepare = null)
    {
        Images = Path.Combine(_parent, "images");
        WriteImages(Images, 2, 96);
        File.WriteAllText(Path.Combine(_parent, "outside.txt"), Secret);
        File.WriteAllText(Path.Combine(Images, "notes.txt"), Secret);
        prepare?.Invoke(Images);
        _site = new StudioSite(null, null);
        _site.Open(Images);
        _server = new LocalServer(_site, port: 0);
        _serving = _server.RunAsync(_end.Token);
        Cookie = RawHttp.Cookie(_server.Address);
    }

    public string Images { get; }

    public string Parent => _parent;

    public string Project => Path.Combine(Images, "selfadapt-studio");

    public int Port => _server.Port;

    public string Host => $"127.0.0.1:{Port}";

    /// <summary>The address that hands out the cookie.</summary>
    public string KeyPath => new Uri(_server.Address).PathAndQuery;

    /// <summary>The header that a browser sends once it has opened the address.</summary>
    public string Cookie { get; }

    /// <summary>Dim, blurred nuclei of about 22 px.</summary>
    public static void WriteImages(string folder, int count, int side)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            Micrograph micrograph = MicrographSimulator.Simulate(
                MicrographOptions.Shifted with { Height = side, Width = side, Nuclei = side * side / 1200 }, (ulong)i);
            ImageFile.WriteTiff(
                Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"nuclei_{i + 1}.tif")), micrograph.Image);
        }
    }

    public string Get(string target) => Exchange($"GET {target} HTTP/1.1\r\nHost: {Host}\r\n{Cookie}\r\n");

    public string Post(string target, string body, string more = "") => Exchange(
        $"POST {target} HTTP/1.1\r\nHost: {Host}\r\n{Cookie}{more}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public string Exchange(string request) => Encoding.UTF8.GetString(RawHttp.Exchange(Port, Encoding.UTF8.GetBytes(request)));

    public byte[] GetBytes(string target) => RawHttp.Body(
        RawHttp.Exchange(Port, Encoding.UTF8.GetBytes($"GET {target} HTTP/1.1\r\nHost: {Host}\r\n{Cookie}\r\n")));

    public void Dispose()
    {
        _end.Cancel();
        _serving.Wait();
        _server.Dispose();
        _site.Dispose();
        _end.Dispose();
        Directory.Delete(_parent, recursive: true);
    }
}
