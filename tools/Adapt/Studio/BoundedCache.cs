namespace SelfAdapt.Tool.Studio;

/// <summary>Keeps what was made last, up to a number of bytes; what was used longest ago goes first.</summary>
internal sealed class BoundedCache<TKey, TValue>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value, long Bytes)>> _entries = [];
    private readonly LinkedList<(TKey Key, TValue Value, long Bytes)> _byUse = new();
    private readonly long _most;
    private long _bytes;

    /// <param name="most">Bytes that are kept; the newest entry stays even if it alone is larger.</param>
    public BoundedCache(long most) => _most = most;

    /// <summary>Bytes kept now.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>What is kept under a key, or what is made now.</summary>
    public TValue Get(TKey key, Func<TValue> make, Func<TValue, long> bytesOf)
    {
        if (TryGet(key, out TValue? found))
        {
            return found!;
        }

        TValue made = make();
        Put(key, made, bytesOf(made));
        return made;
    }

    /// <summary>Keeps a value, in place of what was under its key.</summary>
    public void Put(TKey key, TValue value, long bytes)
    {
        lock (_lock)
        {
            Remove(key);
            _entries[key] = _byUse.AddFirst((key, value, bytes));
            _bytes += bytes;
            while (_bytes > _most && _byUse.Count > 1)
            {
                Remove(_byUse.Last!.Value.Key);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _byUse.Clear();
            _bytes = 0;
        }
    }

    private bool TryGet(TKey key, out TValue? value)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out LinkedListNode<(TKey Key, TValue Value, long Bytes)>? node))
            {
                value = default;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    private void Remove(TKey key)
    {
        if (_entries.Remove(key, out LinkedListNode<(TKey Key, TValue Value, long Bytes)>? node))
        {
            _byUse.Remove(node);
            _bytes -= node.Value.Bytes;
        }
    }
}
