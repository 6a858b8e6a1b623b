using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Engine;

/// <summary>Ranks that are threads of this process.</summary>
internal sealed class ThreadRanks : IRanks
{
    private readonly Meeting _meeting;

    private ThreadRanks(Meeting meeting, int index) => (_meeting, Index) = (meeting, index);

    public int Index { get; }

    public int Count => _meeting.Given.Length;

    /// <summary>Does the same work on all ranks; what it gives, rank by rank. The first that fails ends all.</summary>
    public static T[] Run<T>(int count, Func<IRanks, T> work)
    {
        using Meeting meeting = new(count);
        T[] results = new T[count];
        Exception?[] failures = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                results[i] = work(new ThreadRanks(meeting, i));
            }
            catch (Exception e)
            {
                failures[i] = e;
                meeting.Ended.Cancel();
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Exception? first = failures.Where(f => f is not OperationCanceledException).FirstOrDefault(f => f is not null);
        return first is null ? results : throw first;
    }

    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<int> lengths)
    {
        if (own.Length != lengths[Index])
        {
            throw new ArgumentException($"rank {Index} gives {own.Length} bytes and says {lengths[Index]}");
        }

        int at = 0;
        foreach (byte[] given in _meeting.Meet(Index, own.ToArray()))
        {
            given.CopyTo(all[at..]);
            at += given.Length;
        }
    }

    public void Exchange(ReadOnlySpan<byte> parts, ReadOnlySpan<int> lengths, Span<byte> received)
    {
        int first = 0;
        for (int r = 0; r < Index; r++)
        {
            first += lengths[r];
        }

        int at = 0;
        foreach (byte[] given in _meeting.Meet(Index, parts.ToArray()))
        {
            given.AsSpan(first, lengths[Index]).CopyTo(received[at..]);
            at += lengths[Index];
        }
    }

    private sealed class Meeting(int count) : IDisposable
    {
        private readonly Barrier _barrier = new(count);

        public byte[][] Given { get; private set; } = new byte[count][];

        public CancellationTokenSource Ended { get; } = new();

        public byte[][] Meet(int index, byte[] own)
        {
            Given[index] = own;
            _barrier.SignalAndWait(Ended.Token);
            byte[][] all = [.. Given];
            _barrier.SignalAndWait(Ended.Token);
            return all;
        }

        public void Dispose()
        {
            _barrier.Dispose();
            Ended.Dispose();
        }
    }
}
