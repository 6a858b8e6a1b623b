using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace SelfAdapt.Tool.Viewer;

/// <summary>
/// A web server for one page on this machine: bound to the loopback address, one request per connection, and deaf to
/// other pages in the same browser (Host, Origin and Sec-Fetch-Site must be its own).
/// </summary>
internal sealed class LocalServer : IDisposable
{
    /// <summary>The largest file that a page may send.</summary>
    public const long MostBodyBytes = 512L << 20;

    private const int MostConnections = 16;
    private const int PatienceMilliseconds = 20_000;

    private readonly TcpListener _listener;
    private readonly ViewerSite _site;
    private readonly SemaphoreSlim _free = new(MostConnections);
    private readonly HashSet<string> _hosts;

    /// <summary>Begins to listen.</summary>
    /// <param name="site">What is served.</param>
    /// <param name="port">The port; 0 for any free one.</param>
    /// <exception cref="SelfAdaptException">Usage: the port is taken.</exception>
    public LocalServer(ViewerSite site, int port)
    {
        _site = site;
        _listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new SelfAdaptException(
                ExitCode.Usage, $"--port {port}: can't be listened on: {e.Message}. Leave it out for a free one.", e);
        }

        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _hosts = [FormattableString.Invariant($"127.0.0.1:{Port}"), FormattableString.Invariant($"localhost:{Port}")];
    }

    /// <summary>The port listened on.</summary>
    public int Port { get; }

    /// <summary>The page's address.</summary>
    public string Address => FormattableString.Invariant($"http://127.0.0.1:{Port}/");

    /// <summary>Answers requests until asked to end.</summary>
    /// <param name="cancelled">Ends it.</param>
    public async Task RunAsync(CancellationToken cancelled)
    {
        try
        {
            while (true)
            {
                await _free.WaitAsync(cancelled).ConfigureAwait(false);
                Socket socket = await _listener.AcceptSocketAsync(cancelled).ConfigureAwait(false);
                _ = Task.Run(() => Serve(socket), CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            _listener.Stop();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    /// <summary>The answer to a request.</summary>
    /// <param name="request">The request.</param>
    internal LocalResponse Answer(LocalRequest request) =>
        Refuse(request) is { } refusal ? LocalResponse.Text(refusal.Status, refusal.Message) : _site.Answer(request);

    private void Serve(Socket socket)
    {
        try
        {
            socket.ReceiveTimeout = PatienceMilliseconds;
            socket.SendTimeout = PatienceMilliseconds;
            using NetworkStream stream = new(socket, ownsSocket: true);
            using BufferedStream buffered = new(stream, 1 << 16);
            LocalResponse response;
            bool withBody = true;
            try
            {
                LocalRequest request = LocalRequest.Read(buffered, MostBodyBytes);
                withBody = request.Method != "HEAD";
                response = Answer(request);
            }
            catch (LocalRequestException e)
            {
                response = LocalResponse.Text(e.Status, e.Message);
            }

            response.Write(stream, withBody);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The browser went away: there is nobody left to tell.
        }
        finally
        {
            _free.Release();
        }
    }

    private (int Status, string Message)? Refuse(LocalRequest request)
    {
        if (!request.Headers.TryGetValue("host", out string? host) || !_hosts.Contains(host))
        {
            return (421, "This server answers only to its own address.");
        }

        if (request.Headers.TryGetValue("origin", out string? origin) && !_hosts.Any(h => origin == "http://" + h))
        {
            return (403, "Another page asked; this server answers only its own.");
        }

        return request.Headers.TryGetValue("sec-fetch-site", out string? site) && site is not ("same-origin" or "none")
            ? (403, "Another page asked; this server answers only its own.")
            : null;
    }
}
