using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Viewer;

/// <summary>
/// A web server for one page on this machine: Kestrel bound to the loopback address, deaf to other pages in the same
/// browser (Host, Origin and Sec-Fetch-Site must be its own) and to everybody who does not have the key.
/// </summary>
internal sealed class LocalServer : IHttpApplication<HttpContext>, IDisposable
{
    private const int MostHeaderBytes = 16 * 1024;
    private const int MostConnections = 256;

    // A request that computes takes as many threads of the pool as there are processors; the others are not to wait for it.
    private const int ThreadsBesideComputing = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly KestrelServer _server;
    private readonly ILocalSite _site;
    private readonly string[] _hosts;
    private readonly PageKey _key = new();

    /// <summary>Begins to listen.</summary>
    /// <param name="port">The port; 0 for any free one.</param>
    /// <exception cref="SelfAdaptException">Usage: the port is taken.</exception>
    public LocalServer(ILocalSite site, int port)
    {
        _site = site;
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + ThreadsBesideComputing), ports);
        KestrelServerOptions options = new() { AddServerHeader = false };
        options.Limits.MaxRequestHeadersTotalSize = MostHeaderBytes;
        options.Limits.MaxConcurrentConnections = MostConnections;
        options.Limits.RequestHeadersTimeout = Patience;
        options.Listen(IPAddress.Loopback, port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        SocketTransportFactory sockets = new(
            Microsoft.Extensions.Options.Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(Microsoft.Extensions.Options.Options.Create(options), sockets, NullLoggerFactory.Instance);
        try
        {
            _server.StartAsync(this, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            _server.Dispose();
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, $"--port {port}: can't be listened on: {e.Message} Leave it out for a free one.", e);
        }

        Port = new Uri(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
        _hosts = [FormattableString.Invariant($"127.0.0.1:{Port}"), FormattableString.Invariant($"localhost:{Port}")];
    }

    /// <summary>The port listened on.</summary>
    public int Port { get; }

    /// <summary>The address to open, with the key.</summary>
    public string Address => FormattableString.Invariant($"http://127.0.0.1:{Port}{_key.Path}");

    /// <summary>Prints the address, opens the browser where there is one, and answers requests until Ctrl-C.</summary>
    /// <param name="printOnly">Whether no browser is opened.</param>
    public Task ShowAsync(Terminal terminal, bool printOnly)
    {
        terminal.Out.WriteLine(Address);
        terminal.Error.WriteLine("Serving this machine only, to whoever has this address; Ctrl-C ends it.");
        if (!printOnly && !Desktop.TryOpen(Address))
        {
            terminal.Error.WriteLine("No browser could be opened: open the address above in one.");
        }

        return RunAsync(terminal.Cancelled);
    }

    /// <summary>Answers requests until asked to end.</summary>
    public async Task RunAsync(CancellationToken cancelled)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancelled).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What is under way is cut off: nobody who pressed Ctrl-C waits for it.
            await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }
    }

    public void Dispose() => _server.Dispose();

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        // The path as it was sent: nothing is decoded.
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        LocalResponse answer = Refusal(context.Request.Headers) ?? _key.Check(context.Request, target, Port)
            ?? await AnswerAsync(context, target).ConfigureAwait(false);
        await answer.WriteAsync(context.Response, context.RequestAborted).ConfigureAwait(false);
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private async Task<LocalResponse> AnswerAsync(HttpContext context, string target)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = _site.MostBodyBytes(target);

        // Memory grows with what arrives, not with what was announced.
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        return await _site.AnswerAsync(
            new LocalRequest(context.Request.Method, target, body.ToArray()), context.RequestAborted)
            .ConfigureAwait(false);
    }

    private LocalResponse? Refusal(IHeaderDictionary headers)
    {
        if (!_hosts.Contains(headers.Host.ToString()))
        {
            return LocalResponse.Text(421, "This server answers only to its own address.");
        }

        string origin = headers.Origin.ToString();
        string site = headers["Sec-Fetch-Site"].ToString();
        bool own = (origin.Length == 0 || _hosts.Any(h => origin == "http://" + h))
            && site is "" or "same-origin" or "none";
        return own ? null : LocalResponse.Text(403, "Another page asked; this server answers only its own.");
    }
}
