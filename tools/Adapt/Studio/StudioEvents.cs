using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Studio;

/// <summary>Server-sent events: the project's state whenever it changes, for as long as a page listens.</summary>
internal sealed class StudioEvents
{
    private const int MostListeners = 48;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Alive = TimeSpan.FromSeconds(10);

    private int _listeners;

    /// <summary>An answer that goes on until the page is closed.</summary>
    public LocalResponse Stream(StudioSession session) =>
        new LocalResponse(200, "text/event-stream", []) with { Stream = (body, aborted) => SendAsync(session, body, aborted) };

    private async Task SendAsync(StudioSession session, Stream body, CancellationToken aborted)
    {
        try
        {
            if (Interlocked.Increment(ref _listeners) > MostListeners)
            {
                await WriteAsync("event: busy\ndata: too many pages listen\n\n").ConfigureAwait(false);
                return;
            }

            string last = "";
            DateTime sent = DateTime.UtcNow;
            while (!aborted.IsCancellationRequested)
            {
                string now = session.Describe().ToJsonString(JsonStyle.Line);
                if (now != last || DateTime.UtcNow - sent > Alive)
                {
                    await WriteAsync(now == last ? ": alive\n\n" : $"data: {now}\n\n").ConfigureAwait(false);
                    (last, sent) = (now, DateTime.UtcNow);
                }

                await Task.Delay(Interval, aborted).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The page is closed.
        }
        finally
        {
            Interlocked.Decrement(ref _listeners);
        }

        async Task WriteAsync(string text)
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes(text), aborted).ConfigureAwait(false);
            await body.FlushAsync(aborted).ConfigureAwait(false);
        }
    }
}
