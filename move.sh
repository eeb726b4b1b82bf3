set -e
mkdir -p spamclf/tables_ tests/tables
for m in arrays columns strings times rules reading folder frames quarantine; do git mv spamclf/$m.py spamclf/tables_/$m.py; done
git mv spamclf/tables.py spamclf/tables_/check.py
git mv spamclf/tables_ spamclf/tables 2>/dev/null || mv spamclf/tables_ spamclf/tables
cat > spamclf/tables/__init__.py <<'PY'
"""From a file or dataframe of any kind to a checked Arrow table, and what did not pass, to quarantine."""
PY
touch tests/tables/__init__.py
for m in times rules reading frames quarantine; do [ -f tests/test_$m.py ] && git mv tests/test_$m.py tests/tables/test_$m.py; done
git mv tests/test_tables.py tests/tables/test_check.py
for m in arrays columns strings times rules reading folder frames quarantine; do
  grep -rlE "spamclf\.$m\b|from spamclf import .*\b$m\b" --include=*.py --include=*.md --include=*.toml --include=*.ipynb . | grep -v "^./.venv" | xargs -r sed -i -E "s/\bspamclf\.$m\b/spamclf.tables.$m/g"
done
grep -rlE "spamclf\.tables import|spamclf\.tables\b" --include=*.py . | grep -v "^./.venv" | xargs -r sed -i -E "s/from spamclf\.tables import/from spamclf.tables.check import/g"
