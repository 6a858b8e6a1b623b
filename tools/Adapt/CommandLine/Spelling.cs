namespace SelfAdapt.Tool.CommandLine;

/// <summary>What a mistyped word may have been meant to be.</summary>
internal static class Spelling
{
    /// <summary>A question to put behind a message; empty where no known word is near.</summary>
    public static string Hint(string word, IEnumerable<string> known)
    {
        string? nearest = known.MinBy(k => Distance(k, word));
        int furthest = Math.Min(3, 1 + (word.Length / 5));
        return nearest is not null && Distance(nearest, word) <= furthest ? $" Did you mean {nearest}?" : "";
    }

    /// <summary>Letters to insert, delete or replace to get from one word to the other.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
