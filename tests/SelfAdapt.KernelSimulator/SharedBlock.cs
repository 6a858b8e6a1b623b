using System.Runtime.InteropServices;

namespace SelfAdapt.KernelSimulator;

/// <summary>
/// Shared memory of a group. Between two barriers a word that one thread writes may not be touched by another:
/// on a GPU their order is unknown. An access yields a reference, so a write shows only afterwards, in the word's
/// changed bits: each thread's accesses are noted and looked at when it reaches its next barrier.
/// </summary>
internal sealed class SharedBlock(GroupRun run, long bytes) : SimulatedMemory(bytes)
{
    private const int Nobody = -1;
    private const int Several = -2;

    private readonly Dictionary<int, uint> _noted = [];
    private readonly HashSet<int> _atomic = [];
    private readonly int[] _writer = Filled(bytes);
    private readonly int[] _reader = Filled(bytes);
    private readonly int[] _updater = Filled(bytes);

    /// <summary>Says that the word accessed last is being changed by an atomic operation.</summary>
    /// <param name="word">Index of the word.</param>
    public void NoteAtomic(int word) => _atomic.Add(word);

    /// <summary>Looks at what a thread did since its last barrier.</summary>
    /// <param name="thread">The thread.</param>
    public void Settle(int thread)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>((ReadOnlySpan<byte>)Bytes);
        foreach ((int word, uint before) in _noted)
        {
            bool atomic = _atomic.Contains(word);
            bool written = !atomic && words[word] != before;
            if (Conflicts(_writer[word], thread) || (Conflicts(_updater[word], thread) && !atomic)
                || ((written || atomic) && Conflicts(_reader[word], thread)))
            {
                throw run.Fault(
                    thread,
                    $"shared memory race: word {word} is touched by several threads between two barriers, and one of "
                    + "them writes it");
            }

            int[] kind = atomic ? _updater : written ? _writer : _reader;
            kind[word] = kind[word] == Nobody || kind[word] == thread ? thread : Several;
        }

        _noted.Clear();
        _atomic.Clear();
    }

    /// <summary>All threads have met: what was written may be read.</summary>
    public void NextInterval()
    {
        Array.Fill(_writer, Nobody);
        Array.Fill(_reader, Nobody);
        Array.Fill(_updater, Nobody);
    }

    private protected override void OnAccess(int byteOffset, int bytes)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>((ReadOnlySpan<byte>)Bytes);
        for (int word = byteOffset / sizeof(uint); word <= (byteOffset + bytes - 1) / sizeof(uint); word++)
        {
            _noted.TryAdd(word, words[word]);
        }
    }

    private static bool Conflicts(int owner, int thread) => owner != Nobody && owner != thread;

    private static int[] Filled(long bytes)
    {
        int[] owners = new int[(bytes + sizeof(uint) - 1) / sizeof(uint)];
        Array.Fill(owners, Nobody);
        return owners;
    }
}
